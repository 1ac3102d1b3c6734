// Date & Time: formats, calculates, rounds, compares and takes apart moments.

const { DateTime } = luxon;
const { dates, fields, items, momentFormats, values } = totem.shared;

function invalid(ctx, value, itemIndex) {
    return ctx.error(`The value "${values.asText(value)}" is not a valid date [item ${itemIndex}]`,
        { itemIndex });
}

// ---- version 1

/// The clock by which text without a zone is read, as on a server that runs in UTC.
const kServerZone = 'UTC';

function readOld(ctx, value, zones, itemIndex) {
    const { fromFormat, fromTimezone, toTimezone } = zones;
    let date;
    if (fromFormat && !values.isDate(value)) {
        date = momentFormats.parse(values.asText(value), fromFormat,
            fromTimezone || ctx.zone);
    } else if (/^\d{4}-\d\d/.test(value)) {
        date = dates.parse(value, fromTimezone || ctx.zone);
    } else {
        const read = dates.parse(value, kServerZone);
        date = values.isDate(value) || typeof value === 'number' || /^\d+(\.\d+)?$/.test(value)
            ? read?.setZone(fromTimezone || ctx.zone) : read?.setZone(fromTimezone || kServerZone);
    }
    if (date === undefined) throw invalid(ctx, value, itemIndex);
    return toTimezone ? date.setZone(toTimezone) : date;
}

const isNothing = (value) => value === undefined || value === null || value === '';

function formatted(ctx, value, options, itemIndex) {
    const pattern = ctx.get('toFormat', itemIndex);
    return momentFormats.format(readOld(ctx, value, options, itemIndex), pattern);
}

function calculated(ctx, value, options, itemIndex) {
    const amount = Number(ctx.get('duration', itemIndex)) || 0;
    const duration = { [ctx.get('timeUnit', itemIndex)]: amount };
    const date = readOld(ctx, value, options, itemIndex);
    const result = ctx.get('operation', itemIndex) === 'subtract' ? date.minus(duration)
        : date.plus(duration);
    return result.toUTC().toISO();
}

function oldResult(ctx, item, itemIndex) {
    const value = ctx.get('value', itemIndex);
    const options = ctx.get('options', itemIndex, {});
    const run = ctx.get('action', itemIndex) === 'calculate' ? calculated : formatted;
    const json = totem.copy(item.json);
    if (isNothing(value)) return items.derived(item, json, itemIndex);
    fields.set(json, ctx.get('dataPropertyName', itemIndex), run(ctx, value, options, itemIndex));
    return items.derived(item, json, itemIndex);
}

// ---- version 2

/// A moment; text keeps the offset that it names, and lives in the workflow's zone without one.
function read(ctx, value, fromFormat, itemIndex) {
    const zone = ctx.zone;
    if (fromFormat && typeof value === 'string') {
        const date = DateTime.fromFormat(value, fromFormat, { zone, setZone: true });
        if (date.isValid) return date;
        throw invalid(ctx, value, itemIndex);
    }
    const date = typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:?\d\d)$/.test(value)
        ? DateTime.fromISO(value).setZone(zone) : dates.parse(value, zone);
    if (date === undefined || !date.isValid) throw invalid(ctx, value, itemIndex);
    return date;
}

const at = (ctx, name, i) => read(ctx, ctx.get(name, i), ctx.get('options.fromFormat', i), i);

function moved(ctx, i, sign) {
    const amount = Number(ctx.get('duration', i)) * sign;
    if (Number.isNaN(amount)) throw ctx.error('The duration must be a number', { itemIndex: i });
    return at(ctx, 'magnitude', i).plus({ [ctx.get('timeUnit', i)]: amount }).toISO();
}

function formatDate(ctx, i) {
    const value = ctx.get('date', i);
    if (isNothing(value)) return value ?? null;
    const pattern = ctx.get('format', i);
    const date = at(ctx, 'date', i);
    return date.toFormat(pattern === 'custom' ? ctx.get('customFormat', i, '') : pattern);
}

function roundDate(ctx, i) {
    const date = at(ctx, 'date', i);
    const isUp = ctx.get('mode', i) === 'roundUp';
    const unit = isUp ? ctx.get('to', i, 'month') : ctx.get('toNearest', i, 'month');
    const start = date.startOf(unit);
    return (isUp ? start.plus({ [unit]: 1 }) : start).toISO();
}

function timeBetween(ctx, i) {
    const units = ctx.get('units', i, ['day']);
    const difference = at(ctx, 'endDate', i).diff(at(ctx, 'startDate', i), units);
    return ctx.get('options.isoString', i, false) === true ? difference.toISO()
        : difference.toObject();
}

const kParts = { week: 'weekNumber', yearDayNumber: 'ordinal' };

function extractDate(ctx, i) {
    const part = ctx.get('part', i);
    return at(ctx, 'date', i).get(kParts[part] ?? part);
}

function currentDate(ctx, i) {
    const zone = ctx.get('options.timezone', i, '') || ctx.zone;
    const now = ctx.now().setZone(typeof zone === 'string' ? zone : ctx.zone);
    if (!now.isValid) throw ctx.error(`The timezone ${zone} is not valid`, { itemIndex: i });
    return (ctx.get('includeTime', i) === false ? now.startOf('day') : now).toISO();
}

const kOperations = {
    getCurrentDate: [currentDate, 'currentDate'],
    addToDate: [(ctx, i) => moved(ctx, i, 1), 'newDate'],
    subtractFromDate: [(ctx, i) => moved(ctx, i, -1), 'newDate'],
    formatDate: [formatDate, 'formattedDate'],
    roundDate: [roundDate, 'roundedDate'],
    getTimeBetweenDates: [timeBetween, 'timeDifference'],
    extractDate: [extractDate, 'datePart'],
};

function newResult(ctx, item, itemIndex) {
    const operation = ctx.get('operation', itemIndex);
    if (!Object.hasOwn(kOperations, operation)) {
        throw ctx.error(`The operation '${operation}' is not known`, { itemIndex });
    }
    const [run, name] = kOperations[operation];
    const keepsInput = ctx.get('options.includeInputFields', itemIndex, false) === true;
    const json = keepsInput ? { ...item.json } : {};
    const target = ctx.get('outputFieldName', itemIndex, '') || name;
    fields.set(json, target, run(ctx, itemIndex), false);
    return { json, pairedItem: items.paired(itemIndex) };
}

totem.node({
    type: 'n8n-nodes-base.dateTime',
    versions: [1, 2],
    inputs: 1,
    outputs: 1,
    defaults(version) {
        if (version < 2) {
            return { action: 'format', value: '', dataPropertyName: 'data', custom: false,
                toFormat: 'MM/DD/YYYY', operation: 'add', duration: 0, timeUnit: 'days',
                options: {} };
        }
        return { operation: 'getCurrentDate', includeTime: true, magnitude: '', date: '',
            timeUnit: 'days', duration: 0, format: 'MM/dd/yyyy', customFormat: '',
            mode: 'roundDown', toNearest: 'month', to: 'month', startDate: '', endDate: '',
            units: ['day'], part: 'month', options: {} };
    },
    execute(ctx) {
        const make = ctx.version < 2 ? oldResult : newResult;
        return [ctx.pairs((item, i) => make(ctx, item, i))];
    },
});

// Extension methods of Date and of Luxon's DateTime.

const { DateTime, Duration, Interval } = luxon;

const fail = (message) => { throw totem.extensionError(message); };

const kUnits = ['milliseconds', 'seconds', 'minutes', 'hours', 'days', 'weeks', 'months',
    'quarters', 'years'];

const asDateTime = (date) => (DateTime.isDateTime(date) ? date : DateTime.fromJSDate(date));

/// The result in the type of the value that the method was called on.
const like = (date, result) => (DateTime.isDateTime(date) ? result : result.toJSDate());

function unitName(unit) {
    const name = `${String(unit).trim().toLowerCase().replace(/s$/, '')}s`;
    if (kUnits.includes(name)) return name;
    const quoted = kUnits.map((known) => `'${known}'`).join(', ');
    return fail(`Unsupported unit '${unit}'. Supported: ${quoted}.`);
}

const unitNames = (units) => (Array.isArray(units) ? units.map(unitName) : unitName(units));

function duration(amount, unit = 'milliseconds') {
    if (typeof amount === 'object') return amount;
    return Duration.fromObject({ [unitName(unit)]: Number(amount) });
}

function other(date, value) {
    const result = totem.shared.dates.parse(value);
    return result ?? fail(`'${value}' is not a date that can be compared`);
}

function difference(date, end, units) {
    const names = unitNames(units);
    const result = asDateTime(date).diff(end, names);
    return Array.isArray(names) ? result.toObject() : result.as(names);
}

/// Where Luxon's name of a part is another one than people type.
const kParts = {
    week: 'weekNumber', weekNumber: 'weekNumber', weekYear: 'weekYear', weekday: 'weekday',
    dayOfYear: 'ordinal', yearDayNumber: 'ordinal', yearDay: 'ordinal', ordinal: 'ordinal',
};

function extract(date, part = 'week') {
    const name = kParts[part] ?? String(part).replace(/s$/, '');
    return asDateTime(date).get(name);
}

function isBetween(date, ...ends) {
    if (ends.length !== 2) fail('isBetween(): expected exactly two args');
    const [from, to] = ends.map((end) => (typeof end === 'number'
        ? undefined : totem.shared.dates.parse(end)));
    if (from === undefined || to === undefined) return undefined;
    const [first, last] = from > to ? [to, from] : [from, to];
    return Interval.fromDateTimes(first, last).contains(asDateTime(date));
}

function isInLast(date, amount, unit = 'minutes') {
    const now = DateTime.now();
    const start = now.minus(duration(amount, unit));
    const own = asDateTime(date);
    return start <= own && own <= now;
}

totem.extension('date', {
    beginningOf: (date, unit = 'week') =>
        like(date, asDateTime(date).startOf(unitName(unit).replace(/s$/, ''))),
    diffTo: (date, value, units = 'days') => difference(date, other(date, value), units),
    diffToNow: (date, units = 'days') => difference(date, DateTime.now(), units),
    endOfMonth: (date) => like(date, asDateTime(date).endOf('month')),
    extract,
    format: (date, pattern, options = {}) => asDateTime(date).toFormat(pattern, options),
    isBetween,
    isDst: (date) => asDateTime(date).isInDST,
    isEmpty: () => false,
    isInLast,
    isNotEmpty: () => true,
    isWeekend: (date) => asDateTime(date).weekday >= 6,
    minus: (date, amount, unit) => like(date, asDateTime(date).minus(duration(amount, unit))),
    plus: (date, amount, unit) => like(date, asDateTime(date).plus(duration(amount, unit))),
    toBoolean: () => undefined,
    toDateTime: asDateTime,
    toFloat: (date) => date.valueOf(),
    toInt: (date) => date.valueOf(),
    toJsonString: (date) => JSON.stringify(date),
});

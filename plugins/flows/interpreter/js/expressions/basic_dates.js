// Reads the many ways in which flows write a moment in time: totem.shared.dates.

const { DateTime } = luxon;

/// What JavaScript's own Date reads; text without an offset is wall time of the zone.
function fromNative(text, options) {
    const date = new Date(text);
    const hasOffset = /(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})\b/.test(text);
    if (hasOffset || Number.isNaN(+date)) return DateTime.fromJSDate(date, options);
    return DateTime.fromObject({
        year: date.getFullYear(), month: date.getMonth() + 1, day: date.getDate(),
        hour: date.getHours(), minute: date.getMinutes(), second: date.getSeconds(),
        millisecond: date.getMilliseconds(),
    }, options);
}

const kReaders = [
    (text, options) => DateTime.fromISO(text, options),
    (text, options) => DateTime.fromHTTP(text, options),
    (text, options) => DateTime.fromRFC2822(text, options),
    (text, options) => DateTime.fromSQL(text, options),
    fromNative,
];

/// Seconds up to the year 5138 and milliseconds after 1973 do not overlap.
function fromNumber(number, options) {
    const millis = Math.abs(number) < 1e11 ? number * 1000 : number;
    return DateTime.fromMillis(Math.round(millis), options);
}

function fromText(text, options) {
    const trimmed = text.trim();
    if (/^-?\d{5,}(\.\d+)?$/.test(trimmed)) return fromNumber(Number(trimmed), options);
    for (const read of kReaders) {
        const result = read(trimmed, options);
        if (result.isValid) return result;
    }
    return undefined;
}

/// A luxon DateTime, or undefined if the value names no moment.
/// Text without an offset is read in `zone` (else in the default zone); the result lives there.
function parse(value, zone) {
    const options = zone ? { zone } : {};
    if (DateTime.isDateTime(value)) return zone ? value.setZone(zone) : value;
    let result;
    if (value instanceof Date) result = DateTime.fromJSDate(value, options);
    else if (typeof value === 'number') result = fromNumber(value, options);
    else if (typeof value === 'string') result = fromText(value, options);
    return result?.isValid ? result : undefined;
}

totem.share('dates', { parse });

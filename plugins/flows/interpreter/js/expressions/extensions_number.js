// Extension methods of numbers and booleans.

const { DateTime } = luxon;

const fail = (message) => { throw totem.extensionError(message); };

/// Day 0 of a spreadsheet is the last day but one of 1899.
const kExcelEpoch = Date.UTC(1899, 11, 30);

function numberToDateTime(number, unit = 'ms') {
    const readers = {
        ms: () => number,
        s: () => number * 1000,
        us: () => number / 1000,
        excel: () => kExcelEpoch + number * 86400000,
    };
    if (!Object.hasOwn(readers, unit)) {
        fail(`Unsupported format '${unit}'. toDateTime() supports 'ms', 's', 'us' and 'excel'.`);
    }
    return DateTime.fromMillis(Math.trunc(readers[unit]()));
}

function whole(number, method) {
    return Number.isInteger(number) ? number : fail(`${method}() is only callable on integers`);
}

function round(number, digits = 0) {
    const factor = 10 ** digits;
    return Math.round(number * factor) / factor;
}

totem.share('numberToDateTime', numberToDateTime);

totem.extension('number', {
    abs: (number) => Math.abs(number),
    ceil: (number) => Math.ceil(number),
    floor: (number) => Math.floor(number),
    format: (number, locale = 'en-US', options = {}) =>
        new Intl.NumberFormat(locale, options).format(number),
    isEmpty: () => false,
    isEven: (number) => whole(number, 'isEven') % 2 === 0,
    isInteger: (number) => Number.isInteger(number),
    isNotEmpty: () => true,
    isOdd: (number) => Math.abs(whole(number, 'isOdd') % 2) === 1,
    round,
    toBoolean: (number) => number !== 0,
    toDateTime: numberToDateTime,
    toFloat: (number) => number,
    toInt: (number) => Math.round(number),
    toJsonString: (number) => JSON.stringify(number),
    toNumber: (number) => number,
});

totem.extension('boolean', {
    isEmpty: () => false,
    isNotEmpty: () => true,
    toBoolean: (value) => value,
    toDateTime: () => undefined,
    toFloat: (value) => Number(value),
    toInt: (value) => Number(value),
    toJsonString: (value) => JSON.stringify(value),
    toNumber: (value) => Number(value),
});

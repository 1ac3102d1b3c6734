// The conditions of If and Filter version 1 and of Switch versions 1 and 2.

const { shared } = totem;

/// What an export leaves out, by data type.
const kDefaults = {
    boolean: { value1: false, operation: 'equal', value2: false },
    dateTime: { value1: '', operation: 'after', value2: '' },
    number: { value1: 0, operation: 'smaller', value2: 0 },
    string: { value1: '', operation: 'equal', value2: '' },
};

const isEmpty = (value) => shared.values.isEmpty(value) || Number.isNaN(value);
const text = (value) => (shared.values.isMissing(value) ? '' : String(value));
const matches = (value, pattern) => shared.conditions.toRegExp(text(pattern)).test(text(value));

const kOperations = {
    after: (a, b) => a > b,
    before: (a, b) => a < b,
    contains: (a, b) => text(a).includes(text(b)),
    notContains: (a, b) => !text(a).includes(text(b)),
    startsWith: (a, b) => text(a).startsWith(text(b)),
    notStartsWith: (a, b) => !text(a).startsWith(text(b)),
    endsWith: (a, b) => text(a).endsWith(text(b)),
    notEndsWith: (a, b) => !text(a).endsWith(text(b)),
    equal: (a, b) => a === b,
    notEqual: (a, b) => a !== b,
    larger: (a, b) => (a || 0) > (b || 0),
    largerEqual: (a, b) => (a || 0) >= (b || 0),
    smaller: (a, b) => (a || 0) < (b || 0),
    smallerEqual: (a, b) => (a || 0) <= (b || 0),
    isEmpty,
    isNotEmpty: (a) => !isEmpty(a),
    regex: matches,
    notRegex: (a, b) => !matches(a, b),
};

function moment(value) {
    const date = shared.dates.parse(value);
    if (date === undefined) {
        throw totem.error(`The value "${shared.values.asText(value)}" is not a valid DateTime.`);
    }
    return date.toMillis();
}

/// One evaluated condition; `dataType` is boolean, dateTime, number or string.
function check(dataType, condition) {
    const { value1, operation, value2 } = { ...kDefaults[dataType], ...condition };
    const run = kOperations[operation];
    if (run === undefined) throw totem.error(`The operation '${operation}' is not known`);
    const isMoment = dataType === 'dateTime' && !/^is/.test(operation);
    return isMoment ? run(moment(value1), moment(value2)) : run(value1, value2);
}

/// The parameter `conditions`, evaluated: groups by data type. The first condition that decides
/// ends the search.
function evaluate(conditions, mustAllHold) {
    for (const dataType of Object.keys(kDefaults)) {
        for (const condition of conditions?.[dataType] ?? []) {
            if (check(dataType, condition) !== mustAllHold) return !mustAllHold;
        }
    }
    return mustAllHold;
}

totem.share('oldConditions', { check, evaluate });

// The conditions of If and Filter from version 2 and of Switch from version 3.

const { shared } = totem;

const exists = (value) => !shared.values.isMissing(value) && !Number.isNaN(value);

/// `/body/flags` or a bare pattern.
function toRegExp(pattern) {
    const match = /^\/(.*)\/([a-z]*)$/s.exec(pattern);
    return match ? new RegExp(match[1], match[2]) : new RegExp(pattern);
}

const kString = {
    empty: (left) => left.length === 0,
    notEmpty: (left) => left.length > 0,
    equals: (left, right) => left === right,
    notEquals: (left, right) => left !== right,
    contains: (left, right) => left.includes(right),
    notContains: (left, right) => !left.includes(right),
    startsWith: (left, right) => left.startsWith(right),
    notStartsWith: (left, right) => !left.startsWith(right),
    endsWith: (left, right) => left.endsWith(right),
    notEndsWith: (left, right) => !left.endsWith(right),
    regex: (left, right) => toRegExp(right).test(left),
    notRegex: (left, right) => !toRegExp(right).test(left),
};

const kNumber = {
    empty: (left) => !exists(left),
    notEmpty: exists,
    equals: (left, right) => left === right,
    notEquals: (left, right) => left !== right,
    gt: (left, right) => left > right,
    lt: (left, right) => left < right,
    gte: (left, right) => left >= right,
    lte: (left, right) => left <= right,
};

const kDateTime = {
    empty: (left) => !exists(left),
    notEmpty: exists,
    equals: (left, right) => left === right,
    notEquals: (left, right) => left !== right,
    after: (left, right) => left > right,
    before: (left, right) => left < right,
    afterOrEquals: (left, right) => left >= right,
    beforeOrEquals: (left, right) => left <= right,
};

const kBoolean = {
    empty: (left) => !exists(left),
    notEmpty: exists,
    true: (left) => Boolean(left),
    false: (left) => !left,
    equals: (left, right) => left === right,
    notEquals: (left, right) => left !== right,
};

const holds = (list, wanted, fold) => list.some((entry) => totem.equal(fold(entry), wanted));

const kArray = {
    empty: (left) => left.length === 0,
    notEmpty: (left) => left.length > 0,
    contains: holds,
    notContains: (left, right, fold) => !holds(left, right, fold),
    lengthEquals: (left, right) => left.length === right,
    lengthNotEquals: (left, right) => left.length !== right,
    lengthGt: (left, right) => left.length > right,
    lengthLt: (left, right) => left.length < right,
    lengthGte: (left, right) => left.length >= right,
    lengthLte: (left, right) => left.length <= right,
};

const kObject = {
    empty: (left) => Object.keys(left).length === 0,
    notEmpty: (left) => Object.keys(left).length > 0,
};

const kOperations = {
    string: kString,
    number: kNumber,
    dateTime: kDateTime,
    boolean: kBoolean,
    array: kArray,
    object: kObject,
};

/// What stands for a missing value where an operation needs one to work on.
const kMissing = { string: '', array: Object.freeze([]), object: Object.freeze({}) };

const kNoOptions = Object.freeze({});

const kOneSided = new Set(['exists', 'notExists', 'empty', 'notEmpty', 'true', 'false']);

function wrongType(value, type, where) {
    const { asText, typeName, withArticle } = shared.values;
    return totem.error(
        `Wrong type: '${asText(value)}' is ${withArticle(typeName(value))} but was expecting ` +
            `${withArticle(type)} ${where}`,
        { description: `Turn on 'Convert types where required' or make the value ` +
            `${withArticle(type)}.` });
}

function noConversion(value, type, where) {
    const { asText, typeName, withArticle } = shared.values;
    return totem.error(
        `Conversion error: the ${typeName(value)} '${asText(value)}' can't be converted to ` +
            `${withArticle(type)} ${where}`,
        { description: `Change the value so that it can be read as ${withArticle(type)}.` });
}

/// The value in the type of its side; moments become milliseconds.
function typed(value, type, isLoose, where) {
    if (value === undefined || value === null || type === 'any') return value;
    if (typeof value === type && type !== 'object') return value;
    const isTyped = shared.types.matches(value, type);
    if (isTyped && type !== 'dateTime') return value;
    if (!isTyped && !isLoose) throw wrongType(value, type, where());
    const result = shared.types.convert(value, type);
    if (!result.valid) throw noConversion(value, type, where());
    return type === 'dateTime' ? result.value.toMillis() : result.value;
}

const asIs = (value) => value;
const folded = (value) => (typeof value === 'string' ? value.toLocaleLowerCase() : value);

/// One condition with its values already evaluated. `where` says it to people.
function check(condition, options, where) {
    const { type, operation, rightType, singleValue } = condition.operator ?? {};
    const isLoose = options.typeValidation === 'loose';
    let left = typed(condition.leftValue, type, isLoose, where);
    let right = condition.rightValue;
    if (!singleValue && !kOneSided.has(operation)) {
        right = typed(right, rightType ?? type, isLoose, where);
    }
    if (operation === 'exists') return exists(left);
    if (operation === 'notExists') return !exists(left);
    const run = kOperations[type]?.[operation];
    if (run === undefined) {
        throw totem.error(`The operator '${type}:${operation}' is not known ${where()}`);
    }
    left ??= kMissing[type];
    if (type === 'string') right ??= '';
    const isFolded = options.caseSensitive === false && !/regex$/i.test(operation);
    const fold = isFolded ? folded : asIs;
    return run(fold(left), fold(right), fold);
}

/// `filter` is {combinator, conditions} with its values evaluated. Every condition is
/// checked, so that a wrong type is reported wherever it stands.
function evaluate(filter, itemIndex, options) {
    const conditions = filter?.conditions ?? [];
    let held = 0;
    for (let i = 0; i < conditions.length; i++) {
        if (check(conditions[i], options, () => `[condition ${i}, item ${itemIndex}]`)) held += 1;
    }
    return filter?.combinator === 'or' ? held > 0 : held === conditions.length;
}

/// True if the conditions in the parameter `path` hold for an item. What the export does not say
/// comes from the node's own switches.
function holdsFor(ctx, filter, itemIndex) {
    const own = ctx.get('options', itemIndex, kNoOptions);
    const isLoose = ctx.get('looseTypeValidation', itemIndex, false) || own.looseTypeValidation;
    const given = filter?.options ?? kNoOptions;
    const options = {
        caseSensitive: 'caseSensitive' in given ? given.caseSensitive : own.ignoreCase !== true,
        typeValidation: 'typeValidation' in given ? given.typeValidation
            : isLoose ? 'loose' : 'strict',
    };
    try {
        return evaluate(filter, itemIndex, options);
    } catch (error) {
        error.itemIndex ??= itemIndex;
        throw error;
    }
}

totem.share('conditions', { holdsFor, toRegExp });

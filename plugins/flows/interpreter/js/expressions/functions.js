// Functions that expressions may call by name.

const { isEmpty } = totem.shared.values;

totem.missing({ isEmpty: () => true, isNotEmpty: () => false });

function average(...numbers) {
    return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

/// The whole numbers from one end to the other, both included.
function numberList(from, to) {
    const step = from < to ? 1 : -1;
    const length = Math.min(Math.abs(to - from) + 1, 1e6);
    return Array.from({ length }, (_, i) => from + i * step);
}

function zip(keys, values) {
    if (keys.length !== values.length) {
        throw totem.extensionError('zip(): keys and values not of equal length');
    }
    return Object.fromEntries(keys.map((key, i) => [key, values[i]]));
}

totem.globals({
    $if: (condition, ifTrue, ifFalse = false) => (condition ? ifTrue : ifFalse),
    $ifEmpty: (value, fallback) => {
        if (value === undefined && fallback === undefined) {
            throw totem.extensionError('Expected two arguments (value, defaultValue)');
        }
        return isEmpty(value) ? fallback : value;
    },
    $not: (value) => !value,
    $min: Math.min, $max: Math.max, $average: average,
    min: Math.min, max: Math.max, average,
    numberList, zip,
});

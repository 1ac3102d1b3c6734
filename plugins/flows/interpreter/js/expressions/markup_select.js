// CSS selectors over a markup tree: totem.shared.select(root, selector) gives the elements in
// document order.

const kName = '(?:[\\w\\u00a0-\\uffff-]|\\\\.)+';
const kPart = new RegExp([
    `(?<tag>${kName}|\\*)`, `#(?<id>${kName})`, `\\.(?<class>${kName})`,
    `\\[\\s*(?<attribute>${kName})\\s*(?:(?<match>[~|^$*]?=)\\s*` +
        `(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^\\]\\s]+))\\s*)?(?:i\\s*)?\\]`,
    `::?(?<pseudo>[a-z-]+)(?<open>\\()?`,
].join('|'), 'iy');

const elements = (node) => node.children.filter((child) => typeof child !== 'string');

function all(root) {
    const list = [];
    const walk = (node) => {
        for (const child of elements(node)) {
            list.push(child);
            walk(child);
        }
    };
    walk(root);
    return list;
}

const kMatches = {
    '=': (own, value) => own === value,
    '~=': (own, value) => own.split(/\s+/).includes(value),
    '|=': (own, value) => own === value || own.startsWith(`${value}-`),
    '^=': (own, value) => value !== '' && own.startsWith(value),
    '$=': (own, value) => value !== '' && own.endsWith(value),
    '*=': (own, value) => value !== '' && own.includes(value),
};

const siblings = (node) => (node.parent === null ? [node] : elements(node.parent));
const sameTag = (node) => siblings(node).filter((other) => other.tag === node.tag);

/// 'odd', '3', '2n+1' against a place that counts from 1.
function isNth(formula, place) {
    const text = formula.trim().toLowerCase();
    const known = { odd: [2, 1], even: [2, 0] }[text];
    const match = /^([+-]?\d*)n\s*(?:([+-])\s*(\d+))?$/.exec(text);
    let [step, offset] = known ?? [0, Number(text)];
    if (match) {
        step = match[1] === '' || match[1] === '+' ? 1 : match[1] === '-' ? -1 : Number(match[1]);
        offset = match[3] === undefined ? 0 : Number(match[2] + match[3]);
    }
    if (step === 0) return place === offset;
    return (place - offset) / step >= 0 && (place - offset) % step === 0;
}

const kPseudos = {
    'first-child': (node) => siblings(node)[0] === node,
    'last-child': (node) => siblings(node).at(-1) === node,
    'only-child': (node) => siblings(node).length === 1,
    'first-of-type': (node) => sameTag(node)[0] === node,
    'last-of-type': (node) => sameTag(node).at(-1) === node,
    'nth-child': (node, argument) => isNth(argument, siblings(node).indexOf(node) + 1),
    'nth-of-type': (node, argument) => isNth(argument, sameTag(node).indexOf(node) + 1),
    'nth-last-child': (node, argument) =>
        isNth(argument, siblings(node).length - siblings(node).indexOf(node)),
    empty: (node) => node.children.length === 0,
    checked: (node) => Object.hasOwn(node.attributes, 'checked'),
    disabled: (node) => Object.hasOwn(node.attributes, 'disabled'),
    selected: (node) => Object.hasOwn(node.attributes, 'selected'),
    contains: (node, argument) => totem.shared.markup.textContent(node)
        .includes(argument.trim().replace(/^(["'])(.*)\1$/, '$2')),
    not: (node, argument) => !matchesAny(node, parse(argument)),
    is: (node, argument) => matchesAny(node, parse(argument)),
    has: (node, argument) => select(node, argument).length > 0,
};

/// Pseudo-classes about the place in the list of results: jQuery's.
const kFilters = {
    first: (list) => list.slice(0, 1),
    last: (list) => list.slice(-1),
    eq: (list, argument) => list.slice(Number(argument)).slice(0, 1),
    even: (list) => list.filter((_, i) => i % 2 === 0),
    odd: (list) => list.filter((_, i) => i % 2 === 1),
    gt: (list, argument) => list.slice(Number(argument) + 1),
    lt: (list, argument) => list.slice(0, Number(argument)),
};

const fail = (selector) => {
    throw totem.error(`The CSS selector '${selector}' is not valid`);
};

/// Text up to the matching parenthesis; gives it and where it ends.
function argumentAt(text, at) {
    let depth = 1;
    for (let i = at; i < text.length; i++) {
        if (text[i] === '(') depth += 1;
        else if (text[i] === ')' && (depth -= 1) === 0) return [text.slice(at, i), i + 1];
    }
    return fail(text);
}

const plain = (name) => name.replace(/\\(.)/g, '$1');

function testOf(groups, argument, selector) {
    if (groups.tag !== undefined) {
        const tag = groups.tag.toLowerCase();
        return tag === '*' ? () => true : (node) => node.tag === tag;
    }
    if (groups.id !== undefined) return (node) => node.attributes.id === plain(groups.id);
    if (groups.class !== undefined) {
        const name = plain(groups.class);
        return (node) => (node.attributes.class ?? '').split(/\s+/).includes(name);
    }
    if (groups.attribute !== undefined) {
        const name = groups.attribute.toLowerCase();
        const value = groups.double ?? groups.single ?? groups.bare;
        return (node) => Object.hasOwn(node.attributes, name) &&
            (groups.match === undefined || kMatches[groups.match](node.attributes[name], value));
    }
    const run = kPseudos[groups.pseudo];
    return run === undefined ? fail(selector) : (node) => run(node, argument);
}

/// [[{combinator, tests, filters}]]: alternatives, each a chain of compounds.
function parse(selector) {
    const alternatives = [[]];
    let at = 0;
    let combinator = ' ';
    const text = selector.trim();
    while (at < text.length) {
        const gap = /\s*([>+~,])\s*|\s+/y;
        gap.lastIndex = at;
        const match = gap.exec(text);
        if (match !== null) {
            at = gap.lastIndex;
            if (match[1] === ',') alternatives.push([]);
            combinator = match[1] === ',' ? ' ' : match[1] ?? ' ';
            if (at >= text.length) break;
        }
        const compound = { combinator, tests: [], filters: [] };
        at = readCompound(text, at, compound);
        alternatives.at(-1).push(compound);
        combinator = ' ';
    }
    return alternatives.every((chain) => chain.length > 0) ? alternatives : fail(selector);
}

function readCompound(text, start, compound) {
    let at = start;
    for (;;) {
        kPart.lastIndex = at;
        const match = kPart.exec(text);
        if (match === null) break;
        at = kPart.lastIndex;
        let argument = '';
        if (match.groups.open) [argument, at] = argumentAt(text, at);
        const filter = kFilters[match.groups.pseudo];
        if (filter !== undefined) compound.filters.push((list) => filter(list, argument));
        else compound.tests.push(testOf(match.groups, argument, text));
    }
    return at === start ? fail(text) : at;
}

const passes = (node, compound) => compound.tests.every((test) => test(node));

/// Whether the chain up to place `last` leads to the node.
function leadsTo(node, chain, last) {
    if (!passes(node, chain[last])) return false;
    if (last === 0) return true;
    const { combinator } = chain[last];
    if (combinator === '>') return node.parent !== null && leadsTo(node.parent, chain, last - 1);
    if (combinator === '+' || combinator === '~') {
        const before = siblings(node).slice(0, siblings(node).indexOf(node)).reverse();
        const candidates = combinator === '+' ? before.slice(0, 1) : before;
        return candidates.some((other) => leadsTo(other, chain, last - 1));
    }
    for (let up = node.parent; up !== null; up = up.parent) {
        if (leadsTo(up, chain, last - 1)) return true;
    }
    return false;
}

const matchesAny = (node, alternatives) =>
    alternatives.some((chain) => leadsTo(node, chain, chain.length - 1));

function select(root, selector) {
    const found = new Set();
    const everything = all(root);
    for (const chain of parse(selector)) {
        let list = everything.filter((node) => leadsTo(node, chain, chain.length - 1));
        for (const filter of chain.at(-1).filters) list = filter(list);
        list.forEach((node) => found.add(node));
    }
    return everything.filter((node) => found.has(node));
}

totem.share('select', select);

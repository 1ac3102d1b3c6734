// Date formats in the letters of the older Date & Time node (YYYY-MM-DD), written and read with
// Luxon: totem.shared.momentFormats.

const { DateTime } = luxon;

const kTokens = {
    YYYY: 'yyyy', YY: 'yy', Y: 'y', GGGG: 'kkkk', GG: 'kk', Q: 'q',
    MMMM: 'LLLL', MMM: 'LLL', MM: 'LL', M: 'L',
    DDDD: 'ooo', DDD: 'o', DD: 'dd', D: 'd',
    dddd: 'cccc', ddd: 'ccc', E: 'c',
    WW: 'WW', W: 'W', ww: 'WW', w: 'W',
    HH: 'HH', H: 'H', hh: 'hh', h: 'h', kk: 'HH', k: 'H', mm: 'mm', m: 'm', ss: 'ss', s: 's',
    SSS: 'SSS', SS: 'uu', S: 'uuu', A: 'a', a: 'a', ZZ: 'ZZZ', Z: 'ZZ', X: 'X', x: 'x',
    LTS: 'tt', LT: 't', LLLL: 'fff', LLL: 'ff', LL: 'DDD', L: 'D',
};

const kPattern = new RegExp(`\\[([^\\]]*)\\]|Do|dd|d|e|${Object.keys(kTokens)
    .sort((a, b) => b.length - a.length).join('|')}|[a-zA-Z]+`, 'g');

function ordinal(day) {
    const isTeen = day % 100 >= 11 && day % 100 <= 13;
    return `${day}${(!isTeen && { 1: 'st', 2: 'nd', 3: 'rd' }[day % 10]) || 'th'}`;
}

/// Tokens that Luxon does not have, or writes in another way.
const kOwn = {
    Do: (date) => ordinal(date.day),
    d: (date) => String(date.weekday % 7),
    e: (date) => String(date.weekday % 7),
    dd: (date) => date.toFormat('ccc').slice(0, 2),
    a: (date) => date.toFormat('a').toLowerCase(),
};

function format(date, pattern) {
    return pattern.replace(kPattern, (token, literal) => {
        if (literal !== undefined) return literal;
        if (Object.hasOwn(kOwn, token)) return kOwn[token](date);
        return Object.hasOwn(kTokens, token) ? date.toFormat(kTokens[token]) : token;
    });
}

/// Undefined if the text does not follow the pattern.
function parse(text, pattern, zone) {
    if (pattern === 'x' || pattern === 'X') {
        const number = Number(text) * (pattern === 'X' ? 1000 : 1);
        return Number.isNaN(number) ? undefined : DateTime.fromMillis(Math.round(number), { zone });
    }
    const own = pattern.replace(kPattern, (token, literal) => {
        if (literal !== undefined) return `'${literal}'`;
        return token === 'Do' ? "d'th'" : kTokens[token] ?? `'${token}'`;
    });
    const result = DateTime.fromFormat(text.replace(/(\d)(st|nd|rd)\b/, '$1th'), own, { zone });
    return result.isValid ? result : undefined;
}

totem.share('momentFormats', { format, parse });

// Extension methods of strings.

const { shared } = totem;
const { DateTime } = luxon;

const kDomain = '(?:[a-zA-Z0-9_-]{1,63}\\.)+(?:xn--[a-zA-Z0-9-]{2,59}|[a-zA-Z]{2,63})';
const kHost = `(?:${kDomain}|localhost|\\d{1,3}(?:\\.\\d{1,3}){3})`;
const kEmail = `[a-zA-Z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@${kDomain}`;
const kUrl = `(?:https?|ftp|file)://(?:[^\\s/@]{1,256}@)?${kHost}(?::\\d{1,5})?(?:[/?#][^\\s"'<>]*)?`;

const whole = (pattern) => new RegExp(`^(?:${pattern})$`);
const kWholeDomain = whole(kDomain);
const kWholeEmail = whole(kEmail);
const kWholeUrl = whole(kUrl);

const trimmedMatch = (text, pattern) => new RegExp(pattern).exec(text)?.[0];

const fail = (message) => { throw totem.extensionError(message); };

/// Letters that do not fall apart into a base letter and a mark.
const kLetters = {
    ß: 'ss', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', đ: 'd', Đ: 'D', ð: 'd', Ð: 'D',
    þ: 'th', Þ: 'TH', ł: 'l', Ł: 'L', ı: 'i',
};

function withoutMarks(text) {
    return text.normalize('NFD').replace(/\p{M}/gu, '')
        .replace(/[ßæÆœŒøØđĐðÐþÞłŁı]/g, (letter) => kLetters[letter]);
}

function hash(text, algorithm = 'md5') {
    const name = String(algorithm).toLowerCase();
    if (name === 'base64') return totem.base64(text);
    const known = {
        md5: 'md5', sha1: 'sha1', sha224: 'sha224', sha256: 'sha256', sha384: 'sha384',
        sha512: 'sha512', sha3: 'sha3-512',
    };
    if (!Object.hasOwn(known, name)) {
        fail(`Unknown algorithm ${algorithm}. Available algorithms are: base64, ` +
            `${Object.keys(known).join(', ')}`);
    }
    return totem.native.digest(known[name], text, 'hex');
}

function toDateTime(text, format = '') {
    if (['ms', 's', 'us', 'excel'].includes(format)) {
        return shared.numberToDateTime(Number(text), format);
    }
    const result = format ? DateTime.fromFormat(text, format) : shared.dates.parse(text);
    return result?.isValid ? result : fail('cannot convert to Luxon DateTime');
}

function toDate(text) {
    const date = new Date(text);
    if (Number.isNaN(+date)) fail('cannot convert to date');
    // A day without a time is midnight where the reader is, not in Greenwich.
    return text.includes(':') ? date : DateTime.fromJSDate(date, { zone: 'utc' })
        .setZone('local', { keepLocalTime: true }).toJSDate();
}

function extractDomain(text) {
    const email = trimmedMatch(text, kEmail);
    if (email !== undefined) return email.slice(email.lastIndexOf('@') + 1);
    return trimmedMatch(text, kHost);
}

function extractUrlPath(text) {
    if (!kWholeUrl.test(text)) return undefined;
    return /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(text)[1] || '/';
}

function parseJson(text) {
    try {
        return JSON.parse(text);
    } catch (error) {
        return fail(text.includes("'")
            ? "Parsing failed. Check you're using double quotes" : 'Parsing failed');
    }
}

function removeMarkdown(text) {
    return text
        .replace(/^(?:-\s*?){3,}\s*$|^(?:\*\s*?){3,}\s*$|^(?:_\s*?){3,}\s*$/gm, '')
        .replace(/^\s{0,3}(?:[*+-]|\d+\.)\s+/gm, '')
        .replace(/^={2,}\s*$/gm, '')
        .replace(/^(?:~{3}|`{3}).*$/gm, '')
        .replace(/~~/g, '')
        .replace(/<[^>]*>/g, '')
        .replace(/\[\^[^\]]+\](?::.*$)?/gm, '')
        .replace(/!\[([^\]]*)\][[(][^\])]*[\])]/g, '$1')
        .replace(/\[([^\]]*)\][[(][^\])]*[\])]/g, '$1')
        .replace(/^\s{0,3}>\s?/gm, '')
        .replace(/^(\s*)#{1,6}\s+(.+?)\s*#*\s*$/gm, '$1$2')
        .replace(/(\*{1,3}|_{1,3})(\S(?:.*?\S)?)\1/g, '$2')
        .replace(/`([^`\n]+)`/g, '$1')
        .trim();
}

const capital = (text) => text.charAt(0).toLocaleUpperCase() + text.slice(1);

function toSentenceCase(text) {
    return text.toLocaleLowerCase()
        .replace(/(^|[.!?]\s+)(\p{L})/gu, (all, before, letter) => before + capital(letter));
}

function toSnakeCase(text) {
    return text.toLocaleLowerCase()
        .replace(/[ \-]/g, '_')
        .replace(/[!"#$%&'()*+,./:;<=>?@[\]^`{|}~]/g, '');
}

function toNumber(text) {
    const number = Number(text);
    if (text.trim() === '' || Number.isNaN(number)) fail('cannot convert to number');
    return number;
}

const toInt = (text, radix = 10) => parseInt(text.replaceAll(',', ''), radix);
const toFloat = (text) =>
    parseFloat(/,\d+$/.test(text) ? text.replace(/,(\d+)$/, '.$1') : text);

totem.extension('string', {
    base64Decode: (text) => totem.text(totem.fromBase64(text)),
    base64Encode: (text) => totem.base64(text),
    extractDomain,
    extractEmail: (text) => trimmedMatch(text, kEmail),
    extractUrl: (text) => trimmedMatch(text, kUrl),
    extractUrlPath,
    hash,
    isDomain: (text) => kWholeDomain.test(text),
    isEmail: (text) => kWholeEmail.test(text),
    isEmpty: (text) => text === '',
    isNotEmpty: (text) => text !== '',
    isNumeric: (text) => !/\s/.test(text) && text !== '' && !Number.isNaN(Number(text)),
    isUrl: (text) => kWholeUrl.test(text),
    length: (text) => text.length,
    parseJson,
    quote: (text, mark = '"') =>
        mark + text.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`) + mark,
    removeMarkdown,
    removeTags: (text) => text.replace(/<[^>]*>/g, ''),
    replaceSpecialChars: withoutMarks,
    toBoolean: (text) => !['', 'false', '0', 'no'].includes(text.toLowerCase()),
    toDate,
    toDateTime,
    toDecimalNumber: toFloat,
    toFloat,
    toInt,
    toJsonString: (text) => JSON.stringify(text),
    toNumber,
    toSentenceCase,
    toSnakeCase,
    toTitleCase: (text) => text.replace(/[^\s-]+/g,
        (word) => capital(word.toLocaleLowerCase())),
    toWholeNumber: toInt,
    urlDecode: (text, isWholeUrl = false) =>
        isWholeUrl ? decodeURI(text) : decodeURIComponent(text),
    urlEncode: (text, isWholeUrl = false) =>
        isWholeUrl ? encodeURI(text) : encodeURIComponent(text),
});

// Bytes and text: UTF-8, base64, and the few globals of a browser or Node that Code bodies expect.

const kAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const kDigits = new Uint8Array(256).fill(255);
for (let i = 0; i < 64; i += 1) kDigits[kAlphabet.charCodeAt(i)] = i;
kDigits[45] = 62;
kDigits[95] = 63;

totem.utf8 = (text) => {
    const bytes = [];
    for (const symbol of String(text)) {
        let code = symbol.codePointAt(0);
        if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
        if (code < 0x80) bytes.push(code);
        else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
        else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
        else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
    return Uint8Array.from(bytes);
};

totem.text = (bytes) => {
    const parts = [];
    const size = bytes.length;
    for (let i = 0; i < size;) {
        const first = bytes[i];
        const more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
        let code = more < 0 ? 0xfffd : more === 0 ? first : first & (0x3f >> more);
        i += 1;
        for (let k = 0; k < more; k += 1) {
            if (i >= size || (bytes[i] & 0xc0) !== 0x80) { code = 0xfffd; break; }
            code = (code << 6) | (bytes[i] & 63);
            i += 1;
        }
        const low = more === 2 ? 0x800 : 0x10000;
        if (more > 1 && code !== 0xfffd && (code < low || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))) code = 0xfffd;
        parts.push(String.fromCodePoint(code));
    }
    return parts.join('');
};

totem.base64 = (input) => {
    const bytes = typeof input === 'string' ? totem.utf8(input) : input;
    const parts = [];
    for (let i = 0; i < bytes.length; i += 3) {
        const b = bytes[i + 1];
        const c = bytes[i + 2];
        parts.push(kAlphabet[bytes[i] >> 2], kAlphabet[((bytes[i] & 3) << 4) | ((b ?? 0) >> 4)],
            b === undefined ? '=' : kAlphabet[((b & 15) << 2) | ((c ?? 0) >> 6)],
            c === undefined ? '=' : kAlphabet[c & 63]);
    }
    return parts.join('');
};

totem.fromBase64 = (text) => {
    const bytes = [];
    let held = 0;
    let bits = 0;
    for (let i = 0; i < text.length; i += 1) {
        const code = text.charCodeAt(i);
        const digit = code < 256 ? kDigits[code] : 255;
        if (digit === 255) continue;
        held = ((held << 6) | digit) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push((held >> bits) & 255);
        }
    }
    return Uint8Array.from(bytes);
};

const fromHex = (text) => Uint8Array.from(String(text).match(/[0-9a-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const latin1 = (text) => Uint8Array.from(String(text), (c) => c.charCodeAt(0) & 255);

// The part of Node's Buffer that flows use: from, alloc, concat, toString, byteLength.
class Buffer extends Uint8Array {
    static from(value, encoding) {
        let bytes = value;
        if (typeof value === 'string') {
            const kind = String(encoding ?? 'utf8').toLowerCase();
            if (kind === 'base64' || kind === 'base64url') bytes = totem.fromBase64(value);
            else if (kind === 'hex') bytes = fromHex(value);
            else if (kind === 'latin1' || kind === 'binary' || kind === 'ascii') bytes = latin1(value);
            else bytes = totem.utf8(value);
        } else if (value instanceof ArrayBuffer) {
            bytes = new Uint8Array(value);
        } else if (value && value.type === 'Buffer' && Array.isArray(value.data)) {
            bytes = value.data;
        }
        const result = new Buffer(bytes.length);
        result.set(bytes);
        return result;
    }
    static alloc(size) { return new Buffer(size); }
    static isBuffer(value) { return value instanceof Buffer; }
    static byteLength(value, encoding) { return Buffer.from(value, encoding).length; }
    static concat(list) { return Buffer.from(list.flatMap((part) => Array.from(part))); }
    toString(encoding = 'utf8') {
        const kind = String(encoding).toLowerCase();
        if (kind === 'base64') return totem.base64(this);
        if (kind === 'base64url') return totem.base64(this).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
        if (kind === 'hex') return toHex(this);
        if (kind === 'latin1' || kind === 'binary' || kind === 'ascii') return Array.from(this, (b) => String.fromCharCode(b)).join('');
        return totem.text(this);
    }
    toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
}

class TextEncoder {
    encode(text = '') { return totem.utf8(text); }
    get encoding() { return 'utf-8'; }
}
class TextDecoder {
    decode(bytes = []) { return totem.text(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes); }
    get encoding() { return 'utf-8'; }
}

// Code bodies see these; expressions do not.
totem.codeGlobals = {
    Buffer, TextEncoder, TextDecoder,
    btoa: (text) => totem.base64(latin1(text)),
    atob: (text) => Array.from(totem.fromBase64(String(text)), (b) => String.fromCharCode(b)).join(''),
};
totem.toHex = toHex;

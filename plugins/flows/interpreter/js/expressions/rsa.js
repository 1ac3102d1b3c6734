// RSA signatures (PKCS #1 v1.5) with a PEM key: totem.shared.rsaSign(algorithm, text, pem) gives
// bytes. OpenSSL's digests are used; the arithmetic is BigInt, some ten milliseconds a signature.

/// What stands before the digest, by its name: the DER header of a DigestInfo.
const kPrefixes = {
    md5: '3020300c06082a864886f70d020505000410',
    sha1: '3021300906052b0e03021a05000414',
    sha224: '302d300d06096086480165030402040500041c',
    sha256: '3031300d060960864801650304020105000420',
    sha384: '3041300d060960864801650304020205000430',
    sha512: '3051300d060960864801650304020305000440',
};

const fail = (message) => { throw totem.error(`The private key cannot be used: ${message}`); };

/// {tag, start, end} of the element at `at`.
function element(bytes, at) {
    let length = bytes[at + 1];
    let start = at + 2;
    if (length & 0x80) {
        const count = length & 0x7f;
        length = 0;
        for (let i = 0; i < count; i++) length = length * 256 + bytes[start + i];
        start += count;
    }
    if (!(start + length <= bytes.length)) fail('it is cut off');
    return { tag: bytes[at], start, end: start + length };
}

function children(bytes, { start, end }) {
    const list = [];
    for (let at = start; at < end;) {
        const child = element(bytes, at);
        list.push(child);
        at = child.end;
    }
    return list;
}

const toBigInt = (bytes) => BigInt(`0x${totem.toHex(bytes) || '0'}`);

/// {n, d, p, q, dp, dq, qi} of a PKCS #1 or PKCS #8 key.
function readKey(pem) {
    const match = /-----BEGIN (?:RSA )?PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem);
    if (match === null) fail('it is no unencrypted RSA key in PEM form');
    const bytes = totem.fromBase64(match[1]);
    let parts = children(bytes, element(bytes, 0));
    const wrapped = parts.find((part) => part.tag === 0x04);
    if (wrapped !== undefined) parts = children(bytes, element(bytes, wrapped.start));
    const numbers = parts.filter((part) => part.tag === 0x02)
        .map((part) => toBigInt(bytes.slice(part.start, part.end)));
    if (numbers.length < 9) fail('it is no RSA key');
    const [, n, , , p, q, dp, dq, qi] = numbers;
    return { n, p, q, dp, dq, qi };
}

function power(base, exponent, modulus) {
    let result = 1n;
    let square = base % modulus;
    for (let rest = exponent; rest > 0n; rest >>= 1n) {
        if (rest & 1n) result = (result * square) % modulus;
        square = (square * square) % modulus;
    }
    return result;
}

totem.share('rsaSign', (algorithm, text, pem) => {
    const digest = String(algorithm).toLowerCase().replace(/^rsa-/, '').replace('-', '');
    if (!Object.hasOwn(kPrefixes, digest)) {
        throw totem.error(`Signing with '${algorithm}' is not supported; there are RSA-` +
            Object.keys(kPrefixes).join(', RSA-').toUpperCase());
    }
    const key = readKey(pem);
    const size = Math.ceil(key.n.toString(16).length / 2);
    const info = kPrefixes[digest] + totem.native.digest(digest, text, 'hex');
    const padding = size - info.length / 2 - 3;
    if (padding < 8) fail('it is too short for this digest');
    const message = BigInt(`0x0001${'ff'.repeat(padding)}00${info}`);
    const one = power(message, key.dp, key.p);
    const two = power(message, key.dq, key.q);
    const step = (((one - two) * key.qi) % key.p + key.p) % key.p;
    const hex = (two + step * key.q).toString(16).padStart(size * 2, '0');
    return Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
});

// Crypto: hashes, HMACs and random values.

const { fields, items, values } = totem.shared;

const kRandomLimit = 65536;

function input(ctx, item, itemIndex) {
    if (ctx.get('binaryData', itemIndex, false) !== true) {
        return values.asText(ctx.get('value', itemIndex, ''));
    }
    const name = ctx.get('binaryPropertyName', itemIndex, 'data');
    const binary = item.binary?.[name];
    if (binary === undefined) {
        throw ctx.error(`The item has no binary field '${name}' [item ${itemIndex}]`,
            { itemIndex });
    }
    return totem.fromBase64(binary.data);
}

const algorithm = (ctx, itemIndex) => String(ctx.get('type', itemIndex)).toLowerCase();

/// Random text of the wanted length in the chosen alphabet.
function random(ctx, itemIndex) {
    const kind = ctx.get('encodingType', itemIndex);
    if (kind === 'uuid') return totem.native.uuid();
    const length = Number(ctx.get('stringLength', itemIndex)) || 32;
    if (length < 1 || length > kRandomLimit) {
        throw ctx.error(`The length must be between 1 and ${kRandomLimit}`, { itemIndex });
    }
    const bytes = totem.native.randomBytes(length);
    if (kind === 'base64') return totem.base64(bytes).replace(/\W/g, '').slice(0, length);
    if (kind === 'ascii') {
        return Array.from(bytes, (byte) => String.fromCharCode(33 + (byte % 94))).join('');
    }
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
        .slice(0, length);
}

const kActions = {
    hash: (ctx, item, i) => totem.native.digest(algorithm(ctx, i), input(ctx, item, i),
        ctx.get('encoding', i)),
    hmac: (ctx, item, i) => totem.native.hmac(algorithm(ctx, i),
        values.asText(ctx.get('secret', i, '')), input(ctx, item, i), ctx.get('encoding', i)),
    generate: (ctx, item, i) => random(ctx, i),
    sign: (ctx, item, i) => {
        const bytes = totem.shared.rsaSign(ctx.get('algorithm', i), input(ctx, item, i),
            values.asText(ctx.get('privateKey', i, '')));
        return ctx.get('encoding', i) === 'base64' ? totem.base64(bytes) : totem.toHex(bytes);
    },
};

function withValue(ctx, item, itemIndex) {
    const run = kActions[ctx.get('action', itemIndex)];
    if (run === undefined) {
        throw ctx.error(`The action '${ctx.get('action', itemIndex)}' is not known`, { itemIndex });
    }
    const name = ctx.get('dataPropertyName', itemIndex);
    const json = totem.copy(item.json);
    fields.set(json, name, run(ctx, item, itemIndex));
    return items.derived(item, json, itemIndex);
}

totem.node({
    type: 'n8n-nodes-base.crypto',
    versions: [1, 2],
    inputs: 1,
    outputs: 1,
    defaults: (version) => ({
        action: 'hash', type: version < 2 ? 'MD5' : 'SHA256', binaryData: false, value: '',
        binaryPropertyName: 'data', dataPropertyName: 'data', encoding: 'hex', secret: '',
        encodingType: 'uuid', stringLength: 32, algorithm: '', privateKey: '',
    }),
    check(node, report) {
        const name = { hmac: 'secret', sign: 'privateKey' }[node.params.action];
        if (name !== undefined && !node.params[name]) {
            report(name, 'it is not taken from a credential; put it into the node', false);
        }
    },
    execute: (ctx) => [ctx.pairs((item, i) => withValue(ctx, item, i))],
});

// Switch: each item leaves by the output of the rule that it meets, or by a number.

const { conditions, oldConditions } = totem.shared;

const rulesOf = (params, version) =>
    (version >= 3 ? params.rules?.values : params.rules?.rules) ?? [];

const fallbackOf = (params, version) =>
    (version >= 3 ? params.options?.fallbackOutput : params.fallbackOutput);

function outputCount(params, version) {
    if (version < 2) return 4;
    if (params.mode === 'expression') {
        return Number(version >= 3 ? params.numberOutputs : params.outputsAmount) || 4;
    }
    const count = rulesOf(params, version).length;
    return fallbackOf(params, version) === 'extra' ? count + 1 : count;
}

function checkedOutput(ctx, value, itemIndex, count) {
    const output = Number(value);
    if (Number.isInteger(output) && output >= 0 && output < count) return output;
    throw ctx.error(`Output ${value} not allowed`, {
        itemIndex,
        description: `It has to be between 0 and ${count - 1}`,
    });
}

/// Output of the first old rule that holds, or undefined.
function oldRule(ctx, itemIndex) {
    const dataType = ctx.get('dataType', itemIndex);
    const value1 = ctx.get('value1', itemIndex);
    const rules = ctx.get('rules.rules', itemIndex, []);
    const index = rules.findIndex((rule) => oldConditions.check(dataType, { ...rule, value1 }));
    if (index < 0) return undefined;
    return ctx.version < 2 ? rules[index].output ?? 0 : index;
}

/// Outputs of the rules that hold: the first, or all of them.
function newRules(ctx, itemIndex, wantsAll) {
    const outputs = [];
    const rules = rulesOf(ctx.params, ctx.version);
    for (let index = 0; index < rules.length; index++) {
        const filter = ctx.get(`rules.values[${index}].conditions`, itemIndex, {});
        if (!conditions.holdsFor(ctx, filter, itemIndex)) continue;
        outputs.push(index);
        if (!wantsAll) break;
    }
    return outputs;
}

function byRules(ctx, itemIndex, count) {
    const options = ctx.get('options', itemIndex, {});
    const old = ctx.version < 3 ? oldRule(ctx, itemIndex) : undefined;
    const outputs = ctx.version < 3 ? [old].filter((output) => output !== undefined)
        : newRules(ctx, itemIndex, options.allMatchingOutputs === true);
    if (outputs.length > 0) return outputs;
    const fallback = ctx.version < 3 ? ctx.get('fallbackOutput', itemIndex)
        : options.fallbackOutput;
    if (fallback === undefined || fallback === 'none' || fallback === -1) return [];
    return [fallback === 'extra' ? count - 1 : fallback];
}

function route(ctx, outputs, item, itemIndex) {
    const chosen = ctx.params.mode === 'expression' ? [ctx.get('output', itemIndex)]
        : byRules(ctx, itemIndex, outputs.length);
    for (const output of chosen) {
        const index = checkedOutput(ctx, output, itemIndex, outputs.length);
        outputs[index].push(item);
    }
}

totem.node({
    type: 'n8n-nodes-base.switch',
    versions: [1, 2, 3, 3.1, 3.2, 3.3, 3.4],
    inputs: 1,
    outputs: outputCount,
    jsonOnly: true,
    defaults(version) {
        if (version < 3) {
            const old = { mode: 'rules', dataType: 'number', value1: '', rules: {},
                fallbackOutput: -1 };
            return version < 2 ? { ...old, output: 0 }
                : { ...old, output: '', outputsAmount: 4 };
        }
        const defaults = { mode: 'rules', numberOutputs: 4, output: '', rules: {}, options: {} };
        return version < 3.1 ? defaults : { ...defaults, looseTypeValidation: false };
    },
    execute(ctx) {
        const count = Math.max(outputCount(ctx.params, ctx.version), 1);
        const outputs = Array.from({ length: count }, () => []);
        const failed = ctx.pairs((item, i) => route(ctx, outputs, item, i));
        outputs[0].push(...failed);
        return outputs;
    },
});

// If: items whose conditions hold leave by output 0, the others by output 1.

const { conditions, oldConditions } = totem.shared;

function holds(ctx, itemIndex) {
    const filter = ctx.get('conditions', itemIndex, {});
    if (ctx.version >= 2) return conditions.holdsFor(ctx, filter, itemIndex);
    return oldConditions.evaluate(filter, ctx.get('combineOperation', itemIndex) !== 'any');
}

totem.node({
    type: 'n8n-nodes-base.if',
    versions: [1, 2, 2.1, 2.2, 2.3],
    inputs: 1,
    outputs: 2,
    jsonOnly: true,
    defaults(version) {
        if (version < 2) return { conditions: {}, combineOperation: 'all' };
        const defaults = { conditions: {}, options: {} };
        return version < 2.1 ? defaults : { ...defaults, looseTypeValidation: false };
    },
    execute(ctx) {
        const outputs = [[], []];
        const failed = ctx.pairs((item, i) => {
            let output = 1;
            try {
                if (holds(ctx, i)) output = 0;
            } catch (error) {
                if (ctx.onError === 'continueErrorOutput' || !ctx.continueOnFail) throw error;
            }
            outputs[output].push(item);
        });
        outputs[0].push(...failed);
        return outputs;
    },
});

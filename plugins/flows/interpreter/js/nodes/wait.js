// Wait: goes on after some time, at a moment, or when its address is called.

const kMillis = { seconds: 1000, minutes: 60000, hours: 3600000, days: 86400000 };

function interval(ctx, amountName, unitName) {
    const amount = Number(ctx.get(amountName, 0));
    const unit = ctx.get(unitName, 0);
    if (!Object.hasOwn(kMillis, unit)) {
        throw ctx.error("Invalid wait unit. Valid units are 'seconds', 'minutes', 'hours', " +
            "or 'days'.");
    }
    if (!(amount >= 0)) {
        throw ctx.error('Invalid wait amount. Please enter a number that is 0 or greater.');
    }
    return amount * kMillis[unit];
}

function moment(ctx, name) {
    const date = totem.shared.dates.parse(ctx.get(name, 0), ctx.zone);
    if (date !== undefined) return date.toMillis();
    throw ctx.error(`[Wait node] Cannot put execution to wait because '${name}' parameter is ` +
        'not a valid date. Please pick a specific date and time to wait until.');
}

/// How long a call is awaited; undefined: for ever.
function limit(ctx) {
    if (ctx.get('limitWaitTime', 0, false) !== true) return undefined;
    if (ctx.get('limitType', 0) === 'atSpecifiedTime') {
        return Math.max(0, moment(ctx, 'maxDateAndTime') - ctx.now().toMillis());
    }
    return interval(ctx, 'resumeAmount', 'resumeUnit');
}

function request(ctx) {
    switch (ctx.get('resume', 0)) {
        case 'timeInterval': return { kind: 'wait', ms: interval(ctx, 'amount', 'unit') };
        case 'specificTime': return { kind: 'wait', until: moment(ctx, 'dateTime') };
        case 'form': return { kind: 'wait', form: true, limit: limit(ctx) };
        default: return { kind: 'wait', webhook: true, limit: limit(ctx) };
    }
}

totem.node({
    type: 'n8n-nodes-base.wait',
    versions: [1, 1.1],
    inputs: 1,
    outputs: 1,
    defaults: (version) => ({
        resume: 'timeInterval',
        ...(version < 1.1 ? { amount: 1, unit: 'hours' } : { amount: 5, unit: 'seconds' }),
        dateTime: '',
        incomingAuthentication: 'none',
        httpMethod: 'GET',
        responseCode: 200,
        responseMode: 'onReceived',
        responseData: 'firstEntryJson',
        limitWaitTime: false,
        limitType: 'afterTimeInterval',
        resumeAmount: 1,
        resumeUnit: 'hours',
        maxDateAndTime: '',
        options: {},
    }),
    requests: (ctx) => [request(ctx)],
    finish(ctx, results) {
        const [{ ok, error }] = results;
        if (error) throw ctx.error(error.message, { description: error.description });
        return [ok?.items ?? ctx.items];
    },
});

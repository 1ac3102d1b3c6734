// Triggers by time. The daemon keeps the clock; it reads the parameters from the load report.

const trigger = (type, versions, defaults) => totem.node({
    type: `n8n-nodes-base.${type}`, versions, inputs: 0, outputs: 1, trigger: true,
    defaults: () => defaults,
});

trigger('scheduleTrigger', [1, 1.1, 1.2, 1.3], { rule: { interval: [{}] } });
trigger('cron', [1], { triggerTimes: {} });
trigger('interval', [1], { interval: 1, unit: 'seconds' });

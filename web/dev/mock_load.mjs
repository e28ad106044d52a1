// Made-up load: what waits, who is refused, and calls to other hosts.

const criticalities = (critical, normal, sheddable, background) => ({ critical, normal, sheddable, background });

// figures: those of this second (mock_figures.mjs); `since` says for how long the overload lasts.
export function traffic(scenario, figures, seconds) {
  const over = scenario === 'overload';
  const idle = scenario === 'empty';
  const level = over ? 2 : 0;
  const n = Math.floor(seconds);
  return {
    saturation: figures.saturation, predicted_wait_seconds: over ? 6.3 : idle ? null : 0, service_rate: idle ? null : over ? 96 : 310,
    capacity: idle ? null : 8, busy: over ? 8 : idle ? 0 : 2, streams: over ? 3 : 0, waiting: over ? 612 : 0, served_per_second: figures.requests_per_second, refused_per_second: figures.refused_per_second,
    queue: {
      p50_seconds: figures.queue_p50_seconds, p95_seconds: figures.queue_p95_seconds, max_seconds: over ? 2.4 : idle ? null : 0.012, delay_seconds: over ? 0.31 : 0,
      sources: { header: 0, server: 0, socket: over ? 8 : 2, none: 0 },
    },
    refused: criticalities(0, over ? 214 : 0, over ? 8_120 + n * 31 : 0, over ? 21_455 + n * 60 : 0),
    admitted: criticalities(over ? 312 + n : 0, over ? 30_881 + n * 90 : 0, over ? 77 : 0, over ? 64 : 0),
    would_refuse: criticalities(0, 0, 0, 0),
    shed_level: level, shed_by: 'measurement',
    shed_reason: over
      ? 'Saturation has been 0.82 for 4.2 s: all 8 request slots are busy, and who comes now waits 6.3 s of the 10 s that clients wait. Background requests alone were not enough.'
      : 'Saturation is below 0.7: every request can be answered in time.',
    level_age_seconds: over ? 47.3 + (seconds % 600) : 1140,
    backlog: over ? 960 : 0, backlog_own: idle ? null : 2048,
    backlog_reason: over ? 'At 96 requests per second 960 of those that wait can be served within 10 s.' : 'The queue is short: nothing to bound.',
    pressure: over ? 0.81 : 0.12, pressure_source: over ? 'queue' : idle ? '' : 'memory',
  };
}

export function workerLoad(scenario, slot, idle) {
  const over = scenario === 'overload';
  return {
    capacity: idle ? null : 4, executor_depth: over ? 17 + slot * 4 : 0, concurrency_limit: idle ? null : over ? 3 + slot : 4, queue_delay_seconds: over ? 0.31 - slot * 0.26 : 0,
    shed_level: over ? 2 : 0, overloaded_seconds: over && slot === 0 ? 46.9 : 0, stacks_readable: slot !== 3,
  };
}

export function hosts(scenario) {
  if (scenario === 'empty') return [];
  const host = (name, calls, failures, timeouts, more = {}) => ({ host: name, calls, failures, timeouts, defaulted: 0, breaker_refusals: 0, breakers_open: 0, mean_seconds: 0.042, max_seconds: 0.9, ...more });
  return [
    host('pay.internal:8443', 8_412, 12, 3, { mean_seconds: 0.21, max_seconds: 7.2 }),
    host('search.internal:9200', 61_209, 0, 0, { defaulted: 61_209 }),
    scenario === 'overload' || scenario === 'stuck'
      ? host('mail.internal:80', 402, 380, 377, { mean_seconds: 3.1, max_seconds: 10, breakers_open: 2, breaker_refusals: 1_733 })
      : host('mail.internal:80', 402, 1, 0),
  ];
}

// Where the mean request of route number i spends its time; p50 of it in seconds.
export function routeTime(i, p50, scenario) {
  const mean = p50 * 1.3;
  const share = [[0.3, 0.6, 0.05, 0], [0.45, 0.35, 0.1, 0], [0.15, 0.8, 0, 0], [0.7, 0, 0.2, 0], [0.2, 0.1, 0.1, 0.5]][i % 5];
  const over = scenario === 'overload';
  return {
    queue: over ? 0.6 : 0.0002, application: mean * share[0], sql: mean * share[1], redis: mean * share[2], http: mean * share[3],
    lock: i % 3 ? mean * 0.04 : 0, garbage: i % 4 === 1 ? mean * 0.03 : 0,
  };
}

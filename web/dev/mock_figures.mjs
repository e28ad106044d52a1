// Made-up figures of the shape of tests/data/snapshot.json, as functions of the clock.
const begun = Date.now() - 1200e3;
const example = new URL('../../tests/data/snapshot.json', import.meta.url);
import { readFileSync } from 'node:fs';
const contract = JSON.parse(readFileSync(example, 'utf8'));

const wave = (t, period, low, high) => low + (high - low) * (0.5 + 0.5 * Math.sin((t / period) * 2 * Math.PI));
const noise = (t, n = 1) => (Math.sin(t * 12.9898 * n) * 43758.5453) % 1;
const round = (value, digits) => Number(value.toFixed(digits));

function hungFor(scenario, t) {
  if (scenario === 'hang') return t - begun / 1000 - 1197;
  return scenario === 'cycle' && t % 40 >= 20 ? (t % 40) - 20 : 0;
}

function figures(scenario, t) {
  const hung = hungFor(scenario, t);
  const idle = scenario === 'empty';
  const load = (wave(t, 300, 0.6, 1) + noise(t) * 0.05) * (hung > 0 ? 0.55 : 1);
  return {
    memory_bytes: idle ? 61e6 : 82e6 + wave(t, 240, 0, 9e6) + noise(t, 3) * 4e5,
    cpu_ratio: idle ? 0.002 : round(0.12 * load + (hung > 0 ? 0.5 : 0) + Math.abs(noise(t, 5)) * 0.02, 4),
    requests_per_second: idle ? 0 : round(52 * load, 1),
    error_ratio: idle ? null : round(Math.max(0, noise(t, 2)) * 0.0004, 5),
    p50_seconds: idle ? null : round(0.002 + Math.abs(noise(t, 7)) * 0.0004, 5),
    p95_seconds: idle ? null : round(0.006 + Math.abs(noise(t, 8)) * 0.002 + (hung > 1 ? 0.01 : 0), 5),
    p99_seconds: idle ? null : round(0.012 + Math.abs(noise(t, 9)) * 0.006 + (hung > 1 ? 0.02 : 0), 5),
    accept_queue: hung > 0 ? Math.floor(hung * 1.6) : 0,
    in_flight: idle ? 0 : 2,
    lock_wait_seconds: hung > 0 ? round(hung, 2) : 0,
    workers: 2,
  };
}

export function history(scenario, points) {
  const now = Math.floor(Date.now() / 1000);
  const length = scenario === 'empty' ? 8 : points;
  const time = Array.from({ length }, (_, i) => now - length + i);
  const rows = time.map((t) => ({ ...figures(scenario, t), memory_ratio: 0.31 }));
  const series = { time };
  for (const name of Object.keys(rows[0])) series[name] = rows.map((row) => row[name]);
  return { interval_seconds: 1, points: length, series };
}

const rules = ['/', '/item/<int:id>', '/search', '/cart', '/cart/add', '/checkout', '/login', '/static/<path:filename>', '/lock', '/report/<int:year>'];

function route(i, t, many) {
  const rule = many ? `${rules[i % rules.length]}${i >= rules.length ? `/v${Math.floor(i / rules.length)}` : ''}` : rules[i];
  const method = i % 5 === 4 ? 'POST' : 'GET';
  const p50 = 0.001 * (1 + ((i * 7) % 11)) * (1 + Math.abs(noise(t, i + 2)) * 0.1);
  const requests = Math.floor((120000 + (t - begun / 1000) * 50) / (i + 2));
  const errors = i === 5 ? 14 : 0;
  const quiet = i % 10 === 8;
  return {
    route: `${method} ${rule}`, method, rule, requests, errors, exceptions: i === 5 ? 3 : 0,
    status: { '1xx': 0, '2xx': requests - errors, '3xx': 0, '4xx': i * 3, '5xx': errors },
    in_flight: quiet ? 1 : 0, requests_per_second: quiet ? 0 : round((30 / (i + 1)) * (1 + noise(t, i + 3) * 0.03), 2), error_ratio: quiet ? null : errors / requests,
    mean_seconds: quiet ? null : p50 * 1.3, p50_seconds: quiet ? null : p50, p95_seconds: quiet ? null : p50 * 3.1, p99_seconds: quiet ? null : p50 * 6,
    max_seconds: p50 * 40,
  };
}

function worker(slot, hung, t, idle) {
  const base = contract.workers[slot % 2 && hung > 0 && slot === 1 ? 1 : 0];
  const stuck = slot === 1 && hung > 0;
  return {
    ...base, slot, pid: 4711 + slot, hung: stuck,
    state: stuck ? 'lock_held' : idle ? 'idle' : 'busy',
    reason: stuck ? `interpreter lock held for ${hung.toFixed(1)} s while GET /lock runs` : idle ? 'no request in flight' : '1 request in flight, the oldest for 0.02 s',
    requests: idle ? 0 : Math.floor(60000 / (slot + 1) + (t - begun / 1000) * 25), errors: slot * 3, in_flight: idle ? 0 : 1,
    oldest_request_seconds: stuck ? hung : idle ? null : 0.02, lock_wait_seconds: stuck ? hung : 0,
    cpu_ratio: stuck ? 1 : idle ? 0.001 : 0.2 + noise(t, slot + 1) * 0.05, rss_bytes: 41e6 + wave(t, 90 + slot, 0, 5e6),
    voluntary_switches: Math.floor(t % 1e5), age_seconds: t - begun / 1000,
  };
}

export function snapshot(scenario) {
  const t = Date.now() / 1000;
  const time = new Date().toISOString();
  const since = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
  const hung = hungFor(scenario, t);
  const idle = scenario === 'empty';
  const many = scenario === 'many';
  const f = figures(scenario, t);
  const why = `worker 1 (pid 4712): interpreter lock held for ${hung.toFixed(1)} s while GET /lock runs`;
  const status = hung > 0 ? 'critical' : 'healthy';
  const busy = { slot: 0, pid: 4711, thread: 4711, route: 'GET /item/<int:id>', phase: 'handling', age_seconds: 0.02, phase_age_seconds: 0.02 };
  const held = { slot: 1, pid: 4712, thread: 4712, route: 'GET /lock', phase: 'handling', age_seconds: hung, phase_age_seconds: hung - 0.001 };
  return {
    ...contract, time, status, reasons: hung > 0 ? [why] : [],
    app: { ...contract.app, started: new Date(begun).toISOString(), server_alive: scenario !== 'ended' },
    totals: { ...contract.totals, requests: idle ? 0 : Math.floor(123456 + (t - begun / 1000) * 50), errors: idle ? 0 : 14, lost: idle ? 0 : 1, workers_died: idle ? 0 : 1 },
    workers: scenario === 'ended' ? [] : Array.from({ length: many ? 16 : 2 }, (_, i) => worker(i, hung, t, idle)),
    in_flight: idle || scenario === 'ended' ? [] : hung > 0 ? [held, busy] : many ? Array.from({ length: 40 }, (_, i) => ({ ...busy, slot: i % 16, thread: 4711 + i, age_seconds: 0.02 + i / 9 })) : [busy],
    routes: idle ? [] : Array.from({ length: many ? 200 : rules.length }, (_, i) => route(i, t, many)),
    resources: { ...contract.resources, timestamp: time, memory_usage_mb: f.memory_bytes / 1e6, memory_usage_percent: f.memory_bytes / 2.6e6, cpu_usage_percent: f.cpu_ratio * 100, request_queue_size: f.accept_queue },
    performance: { ...contract.performance, timestamp: time, error_rate: f.error_ratio, throughput_rps: f.requests_per_second },
    latency: { window_seconds: 60, p50_seconds: f.p50_seconds, p95_seconds: f.p95_seconds, p99_seconds: f.p99_seconds },
    health: {
      ...contract.health, overall_status: status, last_check: time,
      components: { ...contract.health.components, workers: status },
      component_reasons: hung > 0 ? { workers: '1 of 2 workers is hung' } : {},
      alerts: hung > 0 ? [{ ...contract.health.alerts[0], message: why, value: hung, since: since(Math.max(0, hung - 0.5)) }] : [],
      recommendations: hung > 0 ? [{ ...contract.health.recommendations[0], text: 'Look at what GET /lock does in C code: it keeps the interpreter lock. Replace the worker with SIGKILL to pid 4712 if it does not end.', evidence: `interpreter lock of pid 4712 held for ${hung.toFixed(1)} s` }] : [],
    },
    listeners: [{ ...contract.listeners[0], depth: f.accept_queue }],
    settings: settings(),
    events: idle ? [] : [...contract.events, event(40, 'worker_started', 'info', 0, 'worker 0 (pid 4711) started'), event(39, 'worker_died', 'warning', 1, 'worker 1 (pid 4690) died of SIGKILL with 1 request in flight')],
  };
}

function event(number, kind, severity, slot, text) {
  return { number, time: new Date(begun + number * 1000).toISOString(), kind, severity, slot, pid: 4711 + slot, route: null, value: null, text };
}

function settings() {
  const make = (name, value, type, lowest, highest, meaning, origin = 'default') => ({ name, value, type, default: origin === 'default' ? value : 5, lowest, highest, origin, meaning });
  return [
    make('memory_warning_threshold', 0.8, 'ratio', 0.05, 1, 'Share of the memory that the app may use from which its state is warning.'),
    make('memory_critical_threshold', 0.9, 'ratio', 0.05, 1, 'Share of the memory that the app may use from which its state is critical.'),
    make('cpu_warning_threshold', 0.8, 'ratio', 0.05, 1, 'Share of the CPU time that the app may use from which its state is warning.'),
    make('slow_request_threshold', 2, 'seconds', 0.01, 3600, 'Requests that take longer are slow; a worker whose request is older is stuck.', 'environment'),
    make('cleanup_enabled', 1, 'switch', 0, 1, 'Whether Stirbar may collect garbage and trim memory by itself.'),
  ];
}

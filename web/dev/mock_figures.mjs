// Made-up figures of the shape of tests/data/snapshot.json, as functions of the clock.
import { inActions } from './mock_actions.mjs';
import { readFileSync } from 'node:fs';
import { inSnapshot, series as poolSeries } from './mock_connections.mjs';
import { hosts, routeTime, traffic, workerLoad } from './mock_load.mjs';
import { inFlight, inSql, slowRequests, stacksOf } from './mock_requests.mjs';
const begun = Date.now() - 1200e3;
const example = new URL('../../tests/data/snapshot.json', import.meta.url);
const contract = JSON.parse(readFileSync(example, 'utf8'));

const wave = (t, period, low, high) => low + (high - low) * (0.5 + 0.5 * Math.sin((t / period) * 2 * Math.PI));
const noise = (t, n = 1) => (Math.sin(t * 12.9898 * n) * 43758.5453) % 1;
const round = (value, digits) => Number(value.toFixed(digits));

function hungFor(scenario, t) {
  if (scenario === 'hang') return t - begun / 1000 - 1197;
  return scenario === 'cycle' && t % 40 >= 20 ? (t % 40) - 20 : 0;
}

// Overload: for five minutes by now.
function loadFigures(scenario, t) {
  if (scenario === 'empty') return { saturation: null, refused_per_second: 0, queue_p50_seconds: null, queue_p95_seconds: null };
  const over = scenario === 'overload' && t > Date.now() / 1000 - 300;
  if (!over) return { saturation: round(0.13 + wave(t, 60, 0, 0.05) + Math.abs(noise(t)) * 0.02, 3), refused_per_second: 0, queue_p50_seconds: 0.0002, queue_p95_seconds: round(0.001 + Math.abs(noise(t, 4)) * 0.0006, 5) };
  return {
    saturation: round(0.8 + noise(t) * 0.02, 3), refused_per_second: round(wave(t, 45, 70, 110) + noise(t, 3) * 8, 1), accept_queue: Math.floor(600 + wave(t, 80, 0, 300)), in_flight: 8,
    requests_per_second: round(96 + noise(t, 6) * 4, 1), queue_p50_seconds: round(wave(t, 90, 0.3, 0.6), 3), queue_p95_seconds: round(wave(t, 90, 1, 2.1), 3),
  };
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
    ...loadFigures(scenario, t),
    ...poolSeries(scenario, t),
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

function route(i, t, scenario) {
  const many = scenario === 'many';
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
    max_seconds: p50 * 40, refused: scenario === 'overload' && i % 3 === 2 ? 4_120 * i : 0, degraded: scenario === 'overload' && i === 2 ? 812 : 0,
    time: quiet ? { queue: null, application: null, sql: null, redis: null, http: null, lock: null, garbage: null } : routeTime(i, p50, scenario),
  };
}

function worker(slot, hung, t, scenario) {
  const idle = scenario === 'empty';
  const base = contract.workers[slot % 2 && hung > 0 && slot === 1 ? 1 : 0];
  const stuck = slot === 1 && hung > 0;
  return {
    ...base, ...workerLoad(scenario, slot, idle), slot, pid: 4711 + slot, hung: stuck,
    state: stuck ? 'lock_held' : idle ? 'idle' : 'busy',
    reason: stuck ? `interpreter lock held for ${hung.toFixed(1)} s while GET /lock runs` : idle ? 'no request in flight' : '1 request in flight, the oldest for 0.02 s',
    requests: idle ? 0 : Math.floor(60000 / (slot + 1) + (t - begun / 1000) * 25), errors: slot * 3, in_flight: idle ? 0 : 1,
    oldest_request_seconds: stuck ? hung : idle ? null : 0.02, lock_wait_seconds: stuck ? hung : 0,
    cpu_ratio: stuck ? 1 : idle ? 0.001 : 0.2 + noise(t, slot + 1) * 0.05, rss_bytes: 41e6 + wave(t, 90 + slot, 0, 5e6),
    voluntary_switches: Math.floor(t % 1e5), age_seconds: t - begun / 1000,
  };
}

function requests(scenario, hung) {
  const busy = inFlight({ slot: 0, pid: 4711, thread: 4711, route: 'GET /item/<int:id>', phase: 'handling', age_seconds: 0.02, phase_age_seconds: 0.02 }, { id: '0:0:1' });
  if (scenario === 'empty') return [];
  if (scenario === 'stuck') {
    const age = Date.now() / 1000 - begun / 1000 - 1200 + 38;
    return [inSql(0, age, age > 45 ? 'interrupted' : 'recorded'), { ...busy, slot: 1, pid: 4712, thread: 4712, id: '1:0:1' }];
  }
  if (scenario === 'many') return Array.from({ length: 40 }, (_, i) => inFlight({ ...busy, id: `${i}`, slot: i % 16, pid: 4711 + (i % 16), thread: 4711 + i, age_seconds: 0.02 + i / 9 }));
  if (scenario === 'overload') return Array.from({ length: 8 }, (_, i) => inFlight({ ...busy, id: `o${i}`, slot: i % 2, pid: 4711 + (i % 2), thread: 4720 + i, route: i % 3 ? 'GET /item/<int:id>' : 'GET /search', age_seconds: 0.05 + i / 90, queue_seconds: 0.4 + i / 5, deadline_seconds: 9 - i / 5, criticality: i % 3 ? 'normal' : 'sheddable' }));
  if (hung === 0) return [busy];
  const held = inFlight({ slot: 1, pid: 4712, thread: 4712, route: 'GET /lock', phase: 'handling', age_seconds: hung, phase_age_seconds: hung - 0.001 }, { id: '1:0:77' });
  return [held, busy];
}

// What api/v1/stacks says at this moment; pid null: of all workers.
export function stacks(scenario, pid) {
  return stacksOf(snapshot(scenario), pid);
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
  const warnings = { overload: `saturation is ${f.saturation}: all request slots are busy`, stuck: 'worker 0 (pid 4711): GET /report/<int:year> has run for longer than 30 s' };
  const warning = warnings[scenario];
  const status = hung > 0 ? 'critical' : warning ? 'warning' : 'healthy';
  return {
    ...contract, time, status, reasons: hung > 0 ? [why] : warning ? [warning] : [],
    app: { ...contract.app, started: new Date(begun).toISOString(), server_alive: scenario !== 'ended' },
    totals: { ...contract.totals, requests: idle ? 0 : Math.floor(123456 + (t - begun / 1000) * 50), errors: idle ? 0 : 14, lost: idle ? 0 : 1, workers_died: idle ? 0 : 1 },
    workers: scenario === 'ended' ? [] : Array.from({ length: many ? 16 : 2 }, (_, i) => worker(i, hung, t, scenario)),
    in_flight: scenario === 'ended' ? [] : requests(scenario, hung),
    traffic: traffic(scenario, f, t - begun / 1000),
    hosts: hosts(scenario),
    ...inSnapshot(scenario),
    ...inActions(scenario),
    slow_requests: slowRequests(scenario),
    routes: idle ? [] : Array.from({ length: many ? 200 : rules.length }, (_, i) => route(i, t, scenario)),
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
    make('saturation_warning_threshold', 0.7, 'ratio', 0.05, 1, 'Saturation from which health is warning.'),
    make('saturation_critical_threshold', 0.95, 'ratio', 0.05, 1, 'Saturation from which health is critical.'),
    make('queue_time_warning_threshold', 0.5, 'seconds', 0.001, 3600, 'Queue time that 1 of 20 requests exceeds from which health is warning.'),
    make('queue_time_critical_threshold', 2.5, 'seconds', 0.001, 3600, 'Queue time that 1 of 20 requests exceeds from which health is critical.'),
    make('request_deadline', 10, 'seconds', 0.05, 3600, 'How long a client waits for its answer, queue included.'),
    make('admission', 2, 'mode', 0, 2, 'Whether requests that cannot be answered before their deadline are refused early (503).'),
    make('pool_utilization_warning_threshold', 0.9, 'ratio', 0.05, 1, 'Share of a pool’s connections in use from which health is warning.'),
    make('pool_wait_critical_threshold', 1, 'seconds', 0.01, 3600, 'Wait for a connection from which health is critical.'),
    make('slow_query_threshold', 2, 'seconds', 0.001, 3600, 'A statement that takes longer is reported with its route.'),
    make('database_connection_ratio', 0.8, 'ratio', 0.05, 1, 'Share of the server’s max_connections that all workers together may use.'),
    make('observe_only', 0, 'switch', 0, 1, 'Changes nothing in the app.'),
    make('cleanup_enabled', 1, 'switch', 0, 1, 'Whether Stirbar may collect garbage and trim memory by itself.'),
  ];
}

// What the history would answer: an even grid of waves with a gap, a dozen records, three routes.
const round = (value) => Math.round(value * 1e4) / 1e4;

function wave(time, size, phase) {
  return size * (1 + 0.6 * Math.sin(time / 700 + phase) + 0.2 * Math.sin(time / 61 + phase));
}

export function recorded(query) {
  const until = Number(query.get('until')) || Date.now() / 1000;
  const from = Number(query.get('from')) || until - 3600;
  const step = Number(query.get('step')) || 10;
  const begin = Math.floor(from / step) * step;
  const time = [];
  for (let at = begin; at < until; at += step) time.push(at);
  const gap = (i) => i > time.length * 0.6 && i < time.length * 0.66;
  const metrics = {};
  const percentiles = {};
  (query.get('metrics') ?? 'cpu_ratio').split(',').forEach((name, phase) => {
    const size = name.endsWith('_bytes') ? 2e8 : name.endsWith('_ratio') || name === 'saturation' || name === 'pool_utilization' ? 0.4 : name.endsWith('_seconds') ? 0.05 : 6;
    const column = (factor) => time.map((at, i) => (gap(i) ? null : round(factor * wave(at, size, phase))));
    if (['request_seconds', 'queue_seconds', 'pool_wait_seconds'].includes(name)) {
      percentiles[name] = { count: time.map((_, i) => (gap(i) ? 0 : 40)), p50: column(1), p95: column(3), p99: column(6) };
    } else {
      metrics[name] = { unit: 'count', mean: column(1), min: column(0.7), max: column(1.5) };
    }
  });
  return { from: begin, until, step, resolution: step, time, metrics, percentiles };
}

export function records(query) {
  const until = Number(query.get('until')) || Date.now() / 1000;
  const from = Number(query.get('from')) || until - 3600;
  const all = [
    ['event', 'info', 'worker_started', '', 'worker 0 (pid 4711) has started: gunicorn, Python 3.11'],
    ['setting', 'info', 'shed_level', 'operator from 127.0.0.1', 'shed_level is 1 instead of -1'],
    ['alert', 'warning', 'memory', '', 'memory: 82 % of 512 MB used'],
    ['action', 'info', 'trim', '', 'done: worker 1 gave 31.2 MB back'],
    ['event', 'critical', 'worker_died', '', 'worker 1 (pid 4712) was killed by signal 9'],
    ['access', 'info', 'login', 'operator from 127.0.0.1', 'logged in'],
  ];
  const lines = Array.from({ length: 12 }, (_, i) => {
    const [kind, severity, name, actor, text] = all[i % all.length];
    return { number: 12 - i, time: new Date((until - ((until - from) * (i + 1)) / 13) * 1000).toISOString(), kind, severity, name, actor, text, details: '' };
  });
  const kind = query.get('kind');
  return { records: kind ? lines.filter((line) => line.kind === kind) : lines, before: null };
}

export function recordedRoutes(query) {
  const route = (name, requests, errors, mean) => ({ route: name, requests, errors, mean_seconds: mean, p50_seconds: mean * 0.8, p95_seconds: mean * 3, p99_seconds: mean * 6 });
  const routes = [route('GET /item/<int:item_id>', 12345, 3, 0.012), route('POST /cart', 456, 0, 0.034), route('GET /report', 12, 1, 2.3)];
  return { from: Number(query.get('from')) || 0, until: Number(query.get('until')) || 0, routes };
}

// Two places that the history goes to: one takes it, one does not.
export function exports() {
  const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
  const figures = { sent: 48_213, failures: 0, refused: 0, dropped: 0, waiting: 0, behind_seconds: 0, last_success: ago(4), failing_since: null, error: '' };
  return [
    { name: 'collector', kind: 'otlp', target: 'http://127.0.0.1:4318', ...figures },
    { name: 'mysql', kind: 'mysql', target: 'db.example:3306/metrics', ...figures, sent: 812, failures: 17, waiting: 36, behind_seconds: 1310, last_success: ago(1300), failing_since: ago(1290), error: 'error 2002: cannot connect: Connection refused' },
  ];
}

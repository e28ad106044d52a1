// Made-up requests: what they wait for, their stacks, slow ones, and the heat map of latencies.

export const parts = (sql = 0, redis = 0, http = 0, lock = 0, garbage = 0) => ({ sql, redis, http, lock, garbage });

const wsgi = [
  ['Flask.full_dispatch_request', 'flask/app.py', 917],
  ['Flask.wsgi_app', 'flask/app.py', 1511],
  ['Flask.__call__', 'flask/app.py', 1536],
  ['SyncWorker.handle_request', 'gunicorn/workers/sync.py', 178],
  ['SyncWorker.handle', 'gunicorn/workers/sync.py', 134],
  ['SyncWorker.accept', 'gunicorn/workers/sync.py', 30],
  ['SyncWorker.run_for_one', 'gunicorn/workers/sync.py', 69],
  ['SyncWorker.run', 'gunicorn/workers/sync.py', 125],
  ['Worker.init_process', 'gunicorn/workers/base.py', 142],
  ['Arbiter.spawn_worker', 'gunicorn/arbiter.py', 608],
].map(([name, file, line]) => frame(name, `/srv/shop/.venv/lib/python3.11/site-packages/${file}`, line));

export function frame(name, file, line) {
  return { function: name, file, line };
}

export const stacks = {
  lock: [frame('Troubles.lock', '/srv/shop/shop.py', 214), frame('make_trouble', '/srv/shop/shop.py', 441), ...wsgi],
  sql: [
    frame('MySQLConnection._read_bytes', '/srv/shop/.venv/lib/python3.11/site-packages/pymysql/connections.py', 766),
    frame('Cursor.execute', '/srv/shop/.venv/lib/python3.11/site-packages/pymysql/cursors.py', 153),
    frame('DefaultDialect.do_execute', '/srv/shop/.venv/lib/python3.11/site-packages/sqlalchemy/engine/default.py', 945),
    frame('Session.scalars', '/srv/shop/.venv/lib/python3.11/site-packages/sqlalchemy/orm/session.py', 2467),
    frame('Shop.items', '/srv/shop/shop.py', 133),
    frame('report', '/srv/shop/shop.py', 388),
    ...wsgi,
  ],
  idle: [frame('SyncWorker.wait', '/srv/shop/.venv/lib/python3.11/site-packages/gunicorn/workers/sync.py', 35), ...wsgi.slice(6)],
  pool: [frame('_worker', '/usr/lib/python3.11/concurrent/futures/thread.py', 81), frame('Thread.run', '/usr/lib/python3.11/threading.py', 982), frame('Thread._bootstrap_inner', '/usr/lib/python3.11/threading.py', 1045)],
};

// What the contract of the API gives for each request in flight.
export function inFlight(request, more = {}) {
  return {
    id: `${request.slot}:${request.thread % 64}:${Math.round((Date.now() / 1000 - request.age_seconds) * 1e6)}`,
    method: request.route.split(' ')[0],
    queue_seconds: 0.0004,
    queue_source: 'socket',
    criticality: 'normal',
    deadline_seconds: 10 - request.age_seconds,
    limit_seconds: 30,
    activity: 'application',
    activity_seconds: request.phase_age_seconds,
    connection_seconds: null,
    client: '203.0.113.0/24',
    parts: parts(),
    calls: parts(),
    stuck: '',
    ...request,
    ...more,
  };
}

export function inSql(slot, age, stuck) {
  const since = Math.max(0.01, age - 0.4);
  const request = { slot, pid: 4711 + slot, thread: 4711 + slot, route: 'GET /report/<int:year>', phase: 'handling', age_seconds: age, phase_age_seconds: age };
  return inFlight(request, {
    id: `${slot}:3:91820000000`, activity: 'sql', activity_seconds: since, connection_seconds: since + 0.2, parts: parts(since, 0.01, 0, 0, 0.02), calls: parts(12, 3, 0, 0, 1),
    limit_seconds: 30, stuck,
  });
}

function slow(i, secondsAgo, route, duration, more) {
  return {
    time: new Date(Date.now() - secondsAgo * 1000).toISOString(), slot: i % 2, pid: 4711 + (i % 2), thread: 4711 + (i % 2), id: `${i % 2}:${i}:${7e9 + i}`, route, running: false, slow: true,
    status: 200, duration_seconds: duration, queue_seconds: 0.002, queue_source: 'socket', parts: parts(), calls: parts(), request_bytes: 512, response_bytes: 18_233,
    statements: [], stack: [], stack_age_seconds: null, stack_quality: 'exact', lock_holder: null, ...more,
  };
}

const report = 'SELECT items.id, items.name, items.price_cents, sum(lines.quantity) AS sold FROM items JOIN lines ON lines.item_id = items.id WHERE lines.ordered >= %s GROUP BY items.id ORDER BY sold DESC';

export function slowRequests(scenario) {
  if (scenario === 'empty') return [];
  const list = [
    slow(1, 610, 'GET /search', 0.412, { slow: false, parts: parts(0.3, 0.004), calls: parts(2, 1), statements: [{ text: 'SELECT items.id, items.name FROM items WHERE items.name LIKE %s', seconds: 0.3, calls: 2 }] }),
    slow(2, 433, 'POST /checkout', 7.9, { status: 502, queue_seconds: 0.4, parts: parts(0.35, 0.02, 7.2), calls: parts(6, 4, 2), stack: stacks.sql.slice(3), stack_age_seconds: 4.0, statements: [{ text: 'INSERT INTO orders (customer_id, total_cents) VALUES (%s, %s)', seconds: 0.2, calls: 1 }] }),
    slow(3, 251, 'GET /report/<int:year>', 12.4, { parts: parts(11.2, 0, 0, 0.3, 0.12), calls: parts(131, 0, 0, 3, 2), statements: [{ text: report, seconds: 10.9, calls: 1 }, { text: 'SELECT lines.id FROM lines WHERE lines.item_id = %s', seconds: 0.3, calls: 130 }], stack: stacks.sql, stack_age_seconds: 12, queue_seconds: 1.3 }),
    slow(4, 122, 'GET /item/<int:id>', 6.1, { status: null, parts: parts(0.002, 0, 0, 5.9), calls: parts(1, 0, 0, 59), stack: stacks.idle, stack_age_seconds: 5.6, stack_quality: 'approximate', lock_holder: 4712 }),
  ];
  if (scenario === 'stuck') {
    list.push(slow(5, 8, 'GET /report/<int:year>', 30.4, { slot: 0, pid: 4711, thread: 4711, running: true, status: null, response_bytes: null, parts: parts(29.8, 0.01, 0, 0, 0.02), calls: parts(12, 3, 0, 0, 1), statements: [{ text: report, seconds: 29.5, calls: 1 }], stack: stacks.sql, stack_age_seconds: 30.2 }));
  }
  return list;
}

function thread(id, more) {
  return { thread: id, name: 'gunicorn', state: 'S', holds_lock: false, waits_for: '', quality: 'exact', reason: '', frames: [], request: null, ...more };
}

const doing = (request) => ({ id: request.id, route: request.route, age_seconds: request.age_seconds, phase: request.phase, activity: request.activity });

// Of the workers of the snapshot: each with the stack that belongs to what it does.
export function stacksOf(snapshot, pid) {
  const workers = snapshot.workers
    .filter((worker) => pid === null || worker.pid === pid)
    .map(({ slot, pid: of, hung }) => {
      const requests = snapshot.in_flight.filter((r) => r.pid === of);
      const held = requests.find((r) => r.route === 'GET /lock');
      const threads = requests.map((r) => {
        if (r === held) return thread(r.thread, { state: 'R', holds_lock: true, waits_for: '', frames: stacks.lock, request: doing(r) });
        if (r.activity === 'sql') return thread(r.thread, { waits_for: 'read', frames: stacks.sql, request: doing(r) });
        return thread(r.thread, { state: 'R', quality: 'approximate', reason: 'it ran during all 5 reads', frames: [frame('catalogue', '/srv/shop/shop.py', 371), ...wsgi], request: doing(r) });
      });
      if (!requests.length) threads.push(thread(of, { waits_for: 'poll', frames: stacks.idle }));
      threads.push(thread(of + 100, { name: 'flusher', waits_for: held ? 'interpreter lock' : 'futex', frames: stacks.pool }));
      threads.push(thread(of + 101, { name: 'stirbar-beat', quality: 'unreadable', reason: 'it has no Python frames yet' }));
      const dead = slot === 3;
      return { slot, pid: of, unavailable: dead ? 'read of process memory: Operation not permitted (ptrace_scope)' : '', lock_locked: hung, lock_holder: held ? held.thread : null, threads: dead ? [] : threads };
    });
  return { time: new Date().toISOString(), workers };
}

const rows = 22;
const bounds = Array.from({ length: rows }, (_, i) => (i === rows - 1 ? 60 : 0.00105 * 2 ** (0.75 * i)));

function noise(n) {
  const value = Math.sin(n * 12.9898) * 43758.5453;
  return value - Math.floor(value);
}

// 90 columns of 10 s: a body of fast requests, a slow tail, and under overload all of it later.
export function latency(scenario, route) {
  const now = Math.floor(Date.now() / 10_000) * 10;
  const time = Array.from({ length: 90 }, (_, i) => now - (89 - i) * 10);
  const busy = (route ? 40 : 520) * (scenario === 'overload' ? 4 : 1);
  const begun = scenario === 'empty' ? now + 10 : now - 780;
  const counts = time.map((t) => {
    const late = scenario === 'overload' && t > now - 300 ? 6 : t % 400 < 40 ? 3 : 0;
    return bounds.map((_, row) => {
      if (t < begun) return 0;
      const body = busy * Math.exp(-(((row - 2 - late - 1.2 * noise(t)) / 1.6) ** 2));
      const tail = row > 3 && noise(t * 7 + row) > 0.9 ? 30 / row : 0;
      const stuck = scenario !== 'healthy' && row === 17 && noise(t * 3) > 0.95 ? 1 : 0;
      return Math.floor(body + tail + stuck);
    });
  });
  return { interval_seconds: 10, columns: 90, bounds_seconds: bounds, time, counts };
}

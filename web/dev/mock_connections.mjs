// Made-up pools, holds, leaks, slow queries and database servers, as functions of the clock.
import { frame } from './mock_requests.mjs';

const begun = Date.now() / 1000;
const shop = 'mysql://db.example.org:3306/shop';
const reports = 'mysql://reports.example.org:3306/reports';
const lines = {
  items: [frame('Shop.items', '/srv/shop/shop.py', 133), frame('catalogue', '/srv/shop/shop.py', 371), frame('Flask.dispatch_request', '/srv/shop/.venv/lib/python3.11/site-packages/flask/app.py', 902)],
  export: [frame('export_orders', '/srv/shop/export.py', 58), frame('ThreadPoolExecutor.submit', '/usr/lib/python3.11/concurrent/futures/thread.py', 58)],
  leak: [frame('Shop.audit', '/srv/shop/audit.py', 27), frame('checkout', '/srv/shop/shop.py', 402), frame('Flask.dispatch_request', '/srv/shop/.venv/lib/python3.11/site-packages/flask/app.py', 902)],
};

const counters = (more) => ({
  checkouts: 0, task_checkouts: 0, wait_seconds: 0, hold_seconds: 0, created: 0, connect_failures: 0, closed: 0, expired: 0, idle_closed: 0, invalidated: 0, pings: 0, ping_failures: 0,
  timeouts: 0, refused_full: 0, refused_throttled: 0, refused_unavailable: 0, leaks_suspect: 0, leaks_confirmed: 0, leaks_collected: 0, leaks_returned: 0, leaks_reclaimed: 0, ...more,
});

const target = (name, more = {}) => ({ name, readonly: false, connections: 0, breakers_open: 0, connects: 12, failures: 0, connect_mean_seconds: 0.0031, unavailable_seconds: 0, last_error: '', ...more });

// What troubles it: nothing, a full pool, leaks, or a database that is down.
function shopPool(scenario, t) {
  const down = scenario === 'database-down';
  const full = scenario === 'pool-full';
  const leaky = scenario === 'leaks';
  const n = Math.floor(t - begun);
  const active = full ? 30 : down ? 0 : leaky ? 6 : 4;
  const targets = [
    target('db.example.org:3306', down ? { breakers_open: 2, failures: 41, unavailable_seconds: t - begun + 72, last_error: 'OperationalError 2003' } : { connections: active + 3, connects: 204 }),
    target('standby.example.org:3306', down ? { breakers_open: 1, failures: 6, unavailable_seconds: t - begun + 12, last_error: 'OperationalError 1045' } : {}),
    target('replica.example.org:3306', { readonly: true, connections: down ? 2 : 0 }),
  ];
  return {
    name: shop, fair: true, workers: 2, size: 5, max_overflow: 10, capacity: 30, timeout_seconds: 30, lifetime_seconds: 1800,
    idle: full || down ? 0 : 3, active: active + (down ? 2 : 0), connecting: down ? 1 : 0, waiting: { request: full ? 17 : 0, task: full ? 4 : 0 }, oldest_wait_seconds: full ? 2.4 : 0, throttled: full ? 2 : 0,
    utilisation: full ? 1 : leaky ? 0.4 : down ? 0.07 : 0.2,
    wait: { p50_seconds: full ? 0.8 : 0, p95_seconds: full ? 2.31 : 0.0004, p99_seconds: full ? 2.4 : 0.0011, max_seconds: full ? 3.1 : 0.021 },
    hold: { mean_seconds: full ? 1.4 : 0.006, max_seconds: 12.4 }, active_p95: full ? 15 : 4, active_max: full ? 15 : 9,
    counters: counters({
      checkouts: 120_412 + n * 30, task_checkouts: 812, wait_seconds: full ? 8412 : 31.4, hold_seconds: 722.5, created: 204, closed: 191, expired: 140, idle_closed: 8, pings: 3014,
      ...(full ? { timeouts: 41, refused_full: 3, refused_throttled: 1204 } : {}), ...(down ? { connect_failures: 47, refused_unavailable: 2210 + n * 40, invalidated: 11, ping_failures: 3 } : {}),
      ...(leaky ? { leaks_confirmed: 9, leaks_suspect: 2, leaks_collected: 4, leaks_returned: 5, leaks_reclaimed: 1 } : {}),
    }),
    targets,
  };
}

function pools(scenario, t) {
  if (scenario === 'empty') return [];
  const other = {
    ...shopPool('healthy', t), name: reports, fair: false, size: 5, max_overflow: null, capacity: null, utilisation: 0, active: 1, idle: 1, waiting: { request: 0, task: 0 }, lifetime_seconds: 0,
    wait: { p50_seconds: null, p95_seconds: null, p99_seconds: null, max_seconds: null }, counters: counters({ checkouts: 812 }), targets: [], active_p95: 1, active_max: 2,
  };
  return scenario === 'pool-full' ? [shopPool(scenario, t)] : [shopPool(scenario, t), other];
}

function held(t, i, since, more = {}) {
  return {
    pid: 4711 + (i % 2), slot: i % 2, pool: shop, number: 17 + i, state: 'active', leak: 'none', lane: 'request', age_seconds: 380 + i * 31, state_seconds: t - since, transaction_seconds: t - since > 0.5 ? t - since - 0.2 : null,
    statements: 1 + (i % 7), route: 'GET /item/<int:id>', thread: 4720 + i, target: 'db.example.org:3306', holder: 'flask_session', stack: lines.items, ...more,
  };
}

// Requests come and go; number i takes its connection every 5 to 9 s.
function holds(scenario, t) {
  if (scenario === 'empty') return [];
  const list = [];
  const number = { 'pool-full': 30, many: 256, 'database-down': 2 }[scenario] ?? 4;
  for (let i = 0; i < number; i++) {
    const period = 5 + (i % 5);
    const since = Math.floor((t + i) / period) * period - i;
    if (t - since > period * (scenario === 'pool-full' ? 0.95 : 0.6)) list.push(held(t, i, since, { state: 'idle', route: null, lane: null, holder: null, thread: null, stack: [] }));
    else list.push(held(t, i, since, i % 3 === 1 ? { route: 'GET /search', holder: 'connection' } : {}));
  }
  if (scenario !== 'database-down') list.push(held(t, 300, begun - 12, { route: 'GET /report/<int:year>', pool: reports, target: 'reports.example.org:3306', statements: 131 }));
  if (scenario === 'leaks') {
    list.push(held(t, 401, begun - 312, { leak: 'confirmed', route: 'POST /checkout', holder: 'connection', stack: lines.leak, statements: 2 }));
    list.push(held(t, 402, begun - 18, { leak: 'confirmed', route: 'POST /checkout', holder: 'connection', stack: lines.leak, statements: 2 }));
    list.push(held(t, 403, begun - 41, { leak: 'suspect', lane: 'task', route: '', holder: 'session', stack: lines.export, statements: 18_204 }));
  }
  return list;
}

function leaks(scenario) {
  if (scenario !== 'leaks') return [];
  const leak = (more) => ({ first: begun - 3000, last: begun - 18, count: 9, returned: 5, reclaimed: 1, kind: 'confirmed', holder: 'connection', pool: shop, route: 'POST /checkout', held_seconds: 0.31, pid: 4712, stack: lines.leak, ...more });
  return [
    leak({}),
    leak({ kind: 'suspect', holder: 'session', count: 2, returned: 1, reclaimed: 0, route: '', held_seconds: 30.2, last: begun - 11, stack: lines.export }),
    leak({ kind: 'collected', holder: 'raw', count: 4, returned: 0, reclaimed: 0, route: 'GET /admin/<path:page>', held_seconds: 1.7, last: begun - 920, stack: [] }),
  ];
}

const sold = 'SELECT items.id, sum(lines.quantity) AS sold FROM items JOIN lines ON lines.item_id = items.id WHERE lines.ordered >= %s GROUP BY items.id ORDER BY sold DESC';

function slowQueries(scenario) {
  if (scenario === 'empty') return [];
  return [
    { time: begun - 12, seconds: 10.9, text: sold, pool: reports, route: 'GET /report/<int:year>', pid: 4712 },
    { time: begun - 902, seconds: 2.2, text: 'DELETE FROM carts WHERE touched < %s', pool: shop, route: '', pid: 4711 },
  ];
}

function databases(scenario, t) {
  if (scenario === 'empty') return [];
  const down = scenario === 'database-down';
  const full = scenario === 'pool-full';
  return [
    {
      name: 'db.example.org:3306', version: '10.11.6-MariaDB', available: !down, unavailable_since: down ? begun - 72 : null, error: down ? 'connect: refused (2002)' : '', answered_age_seconds: down ? t - begun + 72 : 0.8,
      answer_seconds: 0.0021, uptime_seconds: 871_231, connections: down ? null : full ? 139 : 38, connections_max_used: down ? null : 147, max_connections: 151, threads_running: down ? null : full ? 31 : 2, wait_timeout_seconds: 28_800, aborted_clients: 12, aborted_connects: 3,
      queries_per_second: 412.3, slow_queries: 212, slow_queries_per_second: full ? 0.4 : 0, lock_waits_now: full ? 5 : 0, lock_waits_per_second: full ? 3.1 : 0, lock_wait_mean_seconds: full ? 1.2 : 0.003, buffer_pool_hit_ratio: 0.9991,
      is_replica: false, replica_lag_seconds: null, read_only: false,
      long_running: full ? [{ thread: 8812, seconds: 41.2, state: 'Waiting for table metadata lock', text: 'ALTER TABLE lines ADD COLUMN note VARCHAR(?)' }, { thread: 8790, seconds: 12.1, state: 'Sending data', text: sold }] : [],
    },
    {
      name: 'replica.example.org:3306', version: '10.11.6-MariaDB', available: true, unavailable_since: null, error: '', answered_age_seconds: 0.9, answer_seconds: 0.0031, uptime_seconds: 871_002, connections: 4, connections_max_used: 9,
      max_connections: 151, threads_running: 1, wait_timeout_seconds: 28_800, aborted_clients: 0, aborted_connects: 0, queries_per_second: 61.2, slow_queries: 4, slow_queries_per_second: 0, lock_waits_now: 0, lock_waits_per_second: 0,
      lock_wait_mean_seconds: null, buffer_pool_hit_ratio: 0.98, is_replica: true, replica_lag_seconds: full ? 31 : 0, read_only: true, long_running: [],
    },
  ];
}

function advice(scenario) {
  if (scenario === 'pool-full') {
    return [
      { severity: 'warning', text: `Give pool ${shop} more connections: pool_size 15 instead of 5, max_overflow 0.`, evidence: 'in 15 minutes 95 % of looks found 15 in use at once in one worker, of 15 allowed; 41 checkouts timed out' },
      { severity: 'warning', text: 'Raise max_connections of db.example.org:3306, or give the workers fewer: together they may take more than 80 % of it.', evidence: '2 workers × 15 + 109 of others = 139 of 151' },
    ];
  }
  if (scenario === 'leaks') return [{ severity: 'critical', text: 'Close the connection that POST /checkout takes at audit.py:27, or switch on pool_leak_reclaim.', evidence: '9 leaked in 50 min, 3 still held' }];
  return [];
}

export function connections(scenario) {
  const t = Date.now() / 1000;
  return { pools: pools(scenario, t), connections: holds(scenario, t), leaks: leaks(scenario), slow_queries: slowQueries(scenario), databases: databases(scenario, t), advice: advice(scenario) };
}

// The parts of the snapshot.
export function inSnapshot(scenario) {
  const all = connections(scenario);
  return {
    pools: all.pools.map(({ counters: _, targets: __, ...pool }) => pool),
    databases: all.databases.map(({ name, available, unavailable_since, connections: open, max_connections }) => ({ name, available, unavailable_since, connections: open, max_connections })),
    leak_count: all.leaks.reduce((sum, leak) => sum + leak.count, 0),
  };
}

// The series of the history at second t.
export function series(scenario, t) {
  if (scenario === 'empty') return { pool_utilisation: null, pool_waiting: 0, pool_wait_p95_seconds: null, database_seconds: 0 };
  const full = scenario === 'pool-full' && t > begun - 240;
  const wave = 0.5 + 0.5 * Math.sin(t / 30);
  return { pool_utilisation: full ? 1 : 0.2 + wave * 0.1, pool_waiting: full ? Math.round(14 + wave * 9) : 0, pool_wait_p95_seconds: full ? 1.6 + wave : 0.0004, database_seconds: full ? 24 + wave * 5 : 1.1 + wave };
}

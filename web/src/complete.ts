// A part that a supervisor of another version leaves out is empty, not a fault of the page.
import type { InFlight, Pool, Recommendation, Route, SlowRequest, Snapshot, TimeParts, Totals, Traffic, Worker } from './model';

export const noTime: TimeParts = { queue: null, application: null, sql: null, redis: null, http: null, lock: null, garbage: null };

const noQueue: Traffic['queue'] = { p50_seconds: null, p95_seconds: null, max_seconds: null, delay_seconds: null, sources: {} };

const noTraffic: Traffic = {
  saturation: null,
  predicted_wait_seconds: null,
  service_rate: null,
  capacity: null,
  busy: null,
  streams: null,
  waiting: null,
  served_per_second: null,
  refused_per_second: null,
  queue: noQueue,
  refused: {},
  admitted: {},
  would_refuse: {},
  shed_level: 0,
  shed_by: '',
  shed_reason: '',
  level_age_seconds: null,
  backlog: null,
  backlog_own: null,
  backlog_reason: '',
  pressure: null,
  pressure_source: '',
};

const noWorkerLoad = {
  capacity: null,
  executor_depth: null,
  concurrency_limit: null,
  queue_delay_seconds: null,
  shed_level: 0,
  overloaded_seconds: null,
  stacks_readable: false,
};

const noRequest = {
  id: '',
  method: '',
  queue_seconds: null,
  queue_source: 'none',
  criticality: '',
  deadline_seconds: null,
  limit_seconds: null,
  activity: 'application',
  activity_seconds: null,
  connection_seconds: null,
  client: '',
  stuck: '',
};

const noPool: Pool = {
  name: '',
  fair: true,
  workers: 0,
  size: 0,
  max_overflow: null,
  capacity: null,
  timeout_seconds: null,
  lifetime_seconds: null,
  idle: 0,
  active: 0,
  connecting: 0,
  waiting: { request: 0, task: 0 },
  oldest_wait_seconds: null,
  throttled: 0,
  utilisation: null,
  wait: { p50_seconds: null, p95_seconds: null, p99_seconds: null, max_seconds: null },
  hold: { mean_seconds: null, max_seconds: null },
  active_p95: null,
  active_max: null,
};

export function complete(raw: Snapshot): Snapshot {
  const health = raw.health ?? ({} as Snapshot['health']);
  return {
    ...raw,
    app: raw.app ?? { name: '', command: '', server: '', started: '', server_pid: null, server_alive: true },
    reasons: raw.reasons ?? [],
    workers: (raw.workers ?? []).map((worker): Worker => ({ ...noWorkerLoad, ...worker })),
    in_flight: (raw.in_flight ?? []).map((request): InFlight => ({ ...noRequest, ...request, parts: request.parts ?? {}, calls: request.calls ?? {} })),
    routes: (raw.routes ?? []).map(completeRoute),
    traffic: { ...noTraffic, ...raw.traffic, queue: { ...noQueue, ...raw.traffic?.queue } },
    hosts: raw.hosts ?? [],
    pools: (raw.pools ?? []).map(completePool),
    databases: raw.databases ?? [],
    leak_count: raw.leak_count ?? null,
    slow_requests: (raw.slow_requests ?? []).map(completeSlow),
    totals: raw.totals ?? ({} as Totals),
    resources: raw.resources ?? ({} as Snapshot['resources']),
    performance: raw.performance ?? ({} as Snapshot['performance']),
    latency: raw.latency ?? ({} as Snapshot['latency']),
    health: {
      ...health,
      components: health.components ?? {},
      component_reasons: health.component_reasons ?? {},
      alerts: health.alerts ?? [],
      recommendations: (health.recommendations ?? []).map(completeAdvice),
      dependencies: health.dependencies ?? [],
      groups: health.groups ?? [],
      last_check: health.last_check ?? raw.time,
    },
    probes: raw.probes ?? {},
    trends: raw.trends ?? {},
    listeners: raw.listeners ?? [],
    settings: raw.settings ?? [],
    unavailable: raw.unavailable ?? {},
    events: raw.events ?? [],
    actions: raw.actions ?? [],
    emergency: raw.emergency ?? { state: 'calm', since: null, withheld: false, reason: '' },
    caches: raw.caches ?? [],
  };
}

export function completeAdvice(advice: Recommendation): Recommendation {
  return { ...advice, rule: advice.rule ?? '', effect: advice.effect ?? '', command: advice.command ?? '', page: advice.page ?? '', gain_ratio: advice.gain_ratio ?? null };
}

export function completePool(pool: Pool): Pool {
  const { waiting, wait, hold } = pool;
  return { ...noPool, ...pool, waiting: { ...noPool.waiting, ...waiting }, wait: { ...noPool.wait, ...wait }, hold: { ...noPool.hold, ...hold } };
}

function completeRoute(route: Route): Route {
  return { ...route, refused: route.refused ?? null, degraded: route.degraded ?? null, time: { ...noTime, ...route.time } };
}

function completeSlow(request: SlowRequest): SlowRequest {
  const { parts, calls, statements, stack } = request;
  return { ...request, parts: parts ?? {}, calls: calls ?? {}, statements: statements ?? [], stack: stack ?? [] };
}

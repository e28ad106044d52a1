// What the supervisor's JSON API says: api/v1/snapshot, the events of api/v1/stream, api/v1/history.
// Seconds, bytes and ratios 0..1 unless the name says otherwise; null = not measured.

export type Figure = number | null;
export type Status = 'healthy' | 'warning' | 'critical';

export interface Worker {
  slot: number;
  pid: number;
  state: string; // starting, idle, busy, stuck, lock_held, silent, stopped, exiting, dead
  status: Status;
  hung: boolean;
  reason: string;
  server: string;
  python: string;
  requests: number;
  errors: number;
  in_flight: number;
  streaming: number;
  oldest_request_seconds: Figure;
  age_seconds: Figure;
  heartbeat_age_seconds: Figure;
  lock_wait_seconds: Figure;
  lock_wait_last_seconds: Figure;
  rss_bytes: Figure;
  pss_bytes: Figure;
  uss_bytes: Figure;
  cpu_ratio: Figure;
  threads: Figure;
  file_descriptors: Figure;
  voluntary_switches: Figure;
  involuntary_switches: Figure;
  capacity: Figure; // requests at once; null: not known
  executor_depth: Figure; // accepted by the server, not begun
  concurrency_limit: Figure;
  queue_delay_seconds: Figure;
  shed_level: number; // of this worker alone
  overloaded_seconds: Figure; // 0: is not
  stacks_readable: boolean;
}

export const partNames = ['sql', 'redis', 'http', 'lock', 'garbage'] as const;
export type PartName = (typeof partNames)[number];
export type ByPart = Partial<Record<PartName, number>>;

export interface InFlight {
  id: string; // "slot:index:started_ns"; "" from a supervisor that gives none
  slot: number;
  pid: number;
  thread: number;
  route: string;
  method: string;
  phase: string; // routing, handling, streaming
  age_seconds: number;
  phase_age_seconds: Figure;
  queue_seconds: Figure;
  queue_source: string; // none, header, server, socket
  criticality: string;
  deadline_seconds: Figure; // left until the client stops waiting; below 0: it has stopped
  limit_seconds: Figure; // stuck from this age; null: exempt
  activity: string; // application, sql, redis, http, checkout
  activity_seconds: Figure;
  connection_seconds: Figure; // has held a pool connection for so long
  client: string; // masked; "": not known
  parts: ByPart; // seconds so far
  calls: ByPart;
  stuck: string; // "", recorded, interrupted
}

export interface Frame {
  function: string;
  file: string;
  line: number | null;
}

export type StackQuality = 'exact' | 'approximate' | 'unreadable';

// One that has ended, or was recorded as stuck while it ran.
export interface SlowRequest {
  time: string;
  slot: number;
  pid: number;
  thread: number;
  id: string;
  route: string;
  running: boolean;
  slow: boolean; // false: merely the slowest of its minute
  status: number | null; // null: the app raised, or it is still running
  duration_seconds: number;
  queue_seconds: Figure;
  queue_source: string;
  parts: ByPart;
  calls: ByPart;
  request_bytes: Figure;
  response_bytes: Figure;
  statements: { text: string; seconds: number; calls: number }[];
  stack: Frame[]; // innermost first; empty: none was sampled
  stack_age_seconds: Figure; // how long it had run by then
  stack_quality: StackQuality;
  lock_holder: number | null; // thread
}

export type ByCriticality = Record<string, number>;

// What waits, what is served and what is refused, over the whole app.
export interface Traffic {
  saturation: Figure;
  predicted_wait_seconds: Figure;
  service_rate: Figure;
  capacity: Figure;
  busy: Figure;
  streams: Figure;
  waiting: Figure;
  served_per_second: Figure;
  refused_per_second: Figure;
  queue: { p50_seconds: Figure; p95_seconds: Figure; max_seconds: Figure; delay_seconds: Figure; sources: Record<string, number> };
  refused: ByCriticality;
  admitted: ByCriticality;
  would_refuse: ByCriticality;
  shed_level: number;
  shed_by: string; // measurement, operator
  shed_reason: string;
  level_age_seconds: Figure;
  backlog: Figure; // accept queue ordered now; 0: the server's own
  backlog_own: Figure;
  backlog_reason: string;
  pressure: Figure;
  pressure_source: string;
}

// Calls of the whole app to one host.
export interface Host {
  host: string;
  calls: number;
  failures: number;
  timeouts: number;
  defaulted: number; // had no time-out of their own
  breaker_refusals: number;
  breakers_open: number; // workers
  mean_seconds: Figure;
  max_seconds: Figure;
}

// A pool of database connections, over all workers that have it.
export interface Pool {
  name: string; // "mysql://db.example.org:3306/shop"
  fair: boolean; // Stirbar's own class; false: only its holds are known
  workers: number;
  size: number; // of each worker; 0: unlimited
  max_overflow: Figure; // of each worker; null: unlimited
  capacity: Figure; // of all workers; null: unlimited
  timeout_seconds: Figure;
  lifetime_seconds: Figure;
  idle: number;
  active: number;
  connecting: number;
  waiting: { request: number; task: number };
  oldest_wait_seconds: Figure;
  throttled: number; // workers that refuse checkouts of low priority
  utilisation: Figure; // of the fullest worker
  wait: { p50_seconds: Figure; p95_seconds: Figure; p99_seconds: Figure; max_seconds: Figure }; // of the last minute; max since the start
  hold: { mean_seconds: Figure; max_seconds: Figure };
  active_p95: Figure; // in use at once in one worker, over the last 15 minutes
  active_max: Figure;
}

export interface DatabaseState {
  name: string;
  available: boolean;
  unavailable_since: Figure; // seconds since 1970
  connections: Figure;
  max_connections: Figure;
}

export interface Route {
  route: string;
  method: string;
  rule: string;
  requests: number;
  errors: number;
  exceptions: number;
  status: Record<string, number>; // "2xx" -> how many
  in_flight: number;
  requests_per_second: Figure;
  error_ratio: Figure;
  mean_seconds: Figure;
  p50_seconds: Figure;
  p95_seconds: Figure;
  p99_seconds: Figure;
  max_seconds: Figure;
  refused: Figure;
  degraded: Figure;
  criticality?: string;
  time: TimeParts;
}

// Mean seconds of a request of the last minute; null when there was none.
export type TimeParts = Record<'queue' | 'application' | PartName, Figure>;

export interface Alert {
  rule: string;
  component: string;
  severity: string;
  slot: number | null;
  message: string;
  value: Figure;
  threshold: Figure;
  since: string;
}

export interface Recommendation {
  severity: string;
  component: string;
  text: string;
  evidence: string;
  rule: string; // that it answers; "": none
  effect: string; // what is expected of it; "": cannot be told
  command: string; // to be copied; "": there is none
  page: string; // that shows the figures
  gain_ratio: Figure; // how much of the trouble it takes away
}

// What the app leans on that is not itself.
export interface Dependency {
  component: string;
  kind: string; // pool, database_server, host, sink, export
  name: string;
  status: Status;
  reason: string;
  detail?: string; // how it fares; missing in snapshots of an older supervisor
}

export interface HealthGroup {
  name: string;
  members: string[];
  fails_at: string;
  status: string; // pass, warn, fail
  reason: string;
}

export interface Probe {
  status: string; // pass, warn, fail
  reason: string;
}

// Of the last 15 minutes. No slope: see the reason.
export interface Trend {
  unit: string;
  now: Figure;
  slope_per_hour: Figure;
  slope_low_per_hour: Figure;
  slope_high_per_hour: Figure;
  window_seconds: Figure;
  reaches_critical_seconds: Figure;
  reason: string;
}

export interface AppEvent {
  number: number;
  time: string;
  kind: string;
  severity: string;
  slot: number | null;
  pid: number | null;
  route: string | null;
  value: Figure;
  text: string;
}

export interface Setting {
  name: string;
  value: unknown;
  type: string;
  default: unknown;
  lowest: Figure;
  highest: Figure;
  origin: string;
  meaning: string;
}

export interface Listener {
  kind: string;
  address: string;
  depth: number;
  backlog: number;
}

export interface Totals {
  requests: number;
  errors: number;
  exceptions: number;
  lost: number;
  shed: number;
  workers_exited: number;
  workers_died: number;
  events: number;
  events_overwritten: number;
}

export interface Action {
  number: number;
  time: string;
  action: string; // cleanup, trim, evict, shed, backlog, interrupt, recycle
  state: string; // withheld, running, done, failed
  slot: number | null; // null: the whole app
  pid: number | null;
  actor: string; // empty: Stirbar by itself
  reason: string;
  effect: string;
  before_bytes: Figure;
  after_bytes: Figure;
  seconds: Figure;
  helped: boolean | null;
}

export interface Emergency {
  state: string; // calm, shedding, cleaning, recycling, cooling
  since: string | null;
  withheld: boolean; // observed only
  reason: string;
}

export interface Cache {
  name: string;
  workers: number;
  entries: Figure;
  hits: Figure;
  misses: Figure;
  evictions: number;
  hit_ratio: Figure;
}

export interface Snapshot {
  version: string;
  time: string;
  app: {
    name: string;
    command: string;
    server: string;
    started: string;
    server_pid: number | null;
    server_alive: boolean;
    url?: string; // of the supervisor's own pages
  };
  status: Status;
  reasons: string[];
  totals: Totals;
  workers: Worker[];
  in_flight: InFlight[];
  routes: Route[];
  traffic: Traffic;
  hosts: Host[];
  pools: Pool[];
  databases: DatabaseState[];
  leak_count: Figure;
  slow_requests: SlowRequest[];
  resources: {
    memory_usage_percent: Figure;
    memory_usage_mb: Figure; // 1 MB = 1,000,000 bytes
    cpu_usage_percent: Figure;
    disk_usage_percent: Figure;
    active_threads: Figure;
    request_queue_size: Figure;
  };
  performance: {
    avg_response_time: Figure;
    slow_request_count: Figure;
    error_rate: Figure;
    throughput_rps: Figure;
  };
  latency: { window_seconds: Figure; p50_seconds: Figure; p95_seconds: Figure; p99_seconds: Figure };
  health: {
    overall_status: Status;
    components: Record<string, string>;
    component_reasons: Record<string, string>;
    alerts: Alert[];
    recommendations: Recommendation[];
    dependencies: Dependency[];
    groups: HealthGroup[];
    last_check: string;
  };
  probes: Record<string, Probe>;
  trends: Record<string, Trend>;
  listeners: Listener[];
  machine?: { cpus?: Figure; cgroup?: { cpu_limit?: Figure; memory_limit_bytes?: Figure } };
  supervisor: { pid: number; generation: number; rss_bytes: Figure; cpu_ratio: Figure };
  settings: Setting[];
  unavailable: Record<string, string>;
  events: AppEvent[];
  actions: Action[]; // newest first
  emergency: Emergency;
  caches: Cache[];
}

export const seriesNames = [
  'memory_bytes',
  'memory_ratio',
  'cpu_ratio',
  'requests_per_second',
  'error_ratio',
  'p50_seconds',
  'p95_seconds',
  'p99_seconds',
  'accept_queue',
  'in_flight',
  'lock_wait_seconds',
  'saturation',
  'refused_per_second',
  'queue_p50_seconds',
  'queue_p95_seconds',
  'pool_utilisation',
  'pool_waiting',
  'pool_wait_p95_seconds',
  'database_seconds',
] as const;
export type SeriesName = (typeof seriesNames)[number];

export interface History {
  interval_seconds: number;
  series: { time: number[] } & Partial<Record<SeriesName, Figure[]>>;
}

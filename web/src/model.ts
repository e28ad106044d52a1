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
}

export interface InFlight {
  slot: number;
  pid: number;
  thread: number;
  route: string;
  phase: string;
  age_seconds: number;
  phase_age_seconds: Figure;
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
}

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
  };
  status: Status;
  reasons: string[];
  totals: Totals;
  workers: Worker[];
  in_flight: InFlight[];
  routes: Route[];
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
  };
  listeners: Listener[];
  machine?: { cpus?: Figure; cgroup?: { cpu_limit?: Figure; memory_limit_bytes?: Figure } };
  supervisor: { pid: number; generation: number; rss_bytes: Figure; cpu_ratio: Figure };
  settings: Setting[];
  unavailable: Record<string, string>;
  events: AppEvent[];
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
] as const;
export type SeriesName = (typeof seriesNames)[number];

export interface History {
  interval_seconds: number;
  series: { time: number[] } & Partial<Record<SeriesName, Figure[]>>;
}

// A part that a supervisor of another version leaves out is empty, not a fault of the page.
export function complete(raw: Snapshot): Snapshot {
  const health = raw.health ?? ({} as Snapshot['health']);
  return {
    ...raw,
    app: raw.app ?? { name: '', command: '', server: '', started: '', server_pid: null, server_alive: true },
    reasons: raw.reasons ?? [],
    workers: raw.workers ?? [],
    in_flight: raw.in_flight ?? [],
    routes: raw.routes ?? [],
    totals: raw.totals ?? ({} as Totals),
    resources: raw.resources ?? ({} as Snapshot['resources']),
    performance: raw.performance ?? ({} as Snapshot['performance']),
    latency: raw.latency ?? ({} as Snapshot['latency']),
    health: {
      ...health,
      components: health.components ?? {},
      component_reasons: health.component_reasons ?? {},
      alerts: health.alerts ?? [],
      recommendations: health.recommendations ?? [],
    },
    listeners: raw.listeners ?? [],
    settings: raw.settings ?? [],
    unavailable: raw.unavailable ?? {},
    events: raw.events ?? [],
  };
}

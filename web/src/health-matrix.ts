// Components x workers, from the snapshot alone, so that the page also works inside a Flask app. The
// supervisor's GET /api/v1/health says the same for programs.
import { bytes, duration, percent, words } from './format';
import type { Alert, Snapshot, Status, Worker } from './model';

export interface Cell {
  slot: number;
  status: Status;
  figure: string; // what of the worker belongs to the component
  reason: string; // why it is not healthy
}

export interface ComponentRow {
  name: string;
  status: Status;
  reason: string;
  since: string; // of the oldest alert; "": none
  rules: string[];
  dependsOn: { name: string; status: Status; reason: string }[];
  cells: Cell[];
}

const rank: Record<Status, number> = { healthy: 0, warning: 1, critical: 2 };

// Worst first, then by name.
export function componentRows(s: Snapshot): ComponentRow[] {
  const rows = Object.entries(s.health.components).map(([name, status]) => row(s, name, status as Status));
  return rows.sort((a, b) => rank[b.status] - rank[a.status] || a.name.localeCompare(b.name));
}

function row(s: Snapshot, name: string, status: Status): ComponentRow {
  const alerts = s.health.alerts.filter((alert) => alert.component === name);
  return {
    name,
    status,
    reason: s.health.component_reasons[name] ?? '',
    since: alerts.map((alert) => alert.since).sort()[0] ?? '',
    rules: [...new Set(alerts.map((alert) => alert.rule))],
    dependsOn: s.health.dependencies.filter((d) => d.component === name).map(({ name: on, status: state, reason }) => ({ name: on, status: state, reason })),
    cells: s.workers.map((worker) => cell(name, worker, alerts)),
  };
}

function cell(component: string, worker: Worker, alerts: readonly Alert[]): Cell {
  const own = alerts.find((alert) => alert.slot === worker.slot); // worst first
  const ofWorker = component === 'workers' && worker.status !== 'healthy';
  const status = (own?.severity as Status | undefined) ?? (ofWorker ? worker.status : 'healthy');
  return { slot: worker.slot, status, figure: figureOf(component, worker), reason: own?.message ?? (ofWorker ? worker.reason : '') };
}

function figureOf(component: string, worker: Worker): string {
  switch (component) {
    case 'memory':
      return bytes(worker.pss_bytes ?? worker.rss_bytes);
    case 'cpu':
      return percent(worker.cpu_ratio);
    case 'requests':
      return worker.in_flight ? `${worker.in_flight}, oldest ${duration(worker.oldest_request_seconds)}` : 'none';
    case 'queue':
      return duration(worker.queue_delay_seconds);
    case 'workers':
      return words(worker.state);
    default:
      return '';
  }
}

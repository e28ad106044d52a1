// The columns of workers: some on the overview, all on the page of workers.
import { bytes, count, duration, integer, percent } from '../format';
import type { Figure, Worker } from '../model';
import { workerState, workerTone } from '../status';
import { drawAge } from './ages';
import { drawFigure, setText } from './dom';
import { drawPill } from './pill';
import type { Column } from './table';

type Pick = (worker: Worker) => Figure;

function figure(title: string, hint: string, pick: Pick, format: (value: Figure) => string): Column<Worker> {
  return {
    title,
    hint,
    numeric: true,
    value: pick,
    draw(cell, worker) {
      const value = pick(worker);
      drawFigure(cell, value, format, format === bytes ? `${integer(value)} bytes` : null);
    },
  };
}

function ticking(title: string, hint: string, pick: Pick): Column<Worker> {
  return { title, hint, numeric: true, value: pick, draw: (cell, worker) => drawAge(cell, pick(worker)) };
}

export function drawWorkerState(cell: HTMLElement, worker: Worker): void {
  const { word, meaning } = workerState(worker.state);
  drawPill(cell, workerTone(worker.state, worker.status), word, meaning);
}

const severity: Record<string, number> = { healthy: 0, warning: 1, critical: 2 };

const name: Column<Worker> = {
  title: 'Worker',
  hint: 'Number of the worker’s slot; it stays when the process is replaced',
  value: (w) => w.slot,
  draw: (cell, w) => setText(cell, String(w.slot)),
};
const pid: Column<Worker> = {
  title: 'PID',
  hint: 'Process id',
  numeric: true,
  value: (w) => w.pid,
  draw: (cell, w) => setText(cell, String(w.pid)),
};
const state: Column<Worker> = {
  title: 'State',
  hint: 'What the worker does, as seen from outside',
  value: (w) => (severity[w.status] ?? 0) * 100 + (w.hung ? 50 : 0),
  draw: drawWorkerState,
};
const reason: Column<Worker> = { title: 'Reason', wide: true, draw: (cell, w) => setText(cell, w.reason) };

const requests = figure('Requests', 'Requests ended since the worker started', (w) => w.requests, integer);
const inFlight = figure('In flight', 'Requests that the worker handles now', (w) => w.in_flight, count);
const rss = figure('Memory', 'Resident memory (RSS), shared pages included', (w) => w.rss_bytes, bytes);
const cpu = figure('CPU', '100 % = one core', (w) => w.cpu_ratio, percent);

export const workerColumns: Column<Worker>[] = [name, state, reason, pid, requests, inFlight, rss, cpu];

export const allWorkerColumns: Column<Worker>[] = [
  name,
  state,
  reason,
  pid,
  requests,
  figure('Errors', 'Answers with a status of 500 or more', (w) => w.errors, integer),
  inFlight,
  figure('Streams', 'Long-lived answers being sent, left out of the request figures', (w) => w.streaming, count),
  ticking('Oldest', 'Age of the oldest request in flight', (w) => w.oldest_request_seconds),
  figure('Heartbeat', 'Since the last sign of life of the worker’s native thread', (w) => w.heartbeat_age_seconds, duration),
  figure('Lock wait', 'How long the interpreter lock has now been waited for', (w) => w.lock_wait_seconds, duration),
  figure('Last wait', 'How long the newest ended wait for the interpreter lock took', (w) => w.lock_wait_last_seconds, duration),
  cpu,
  rss,
  figure('PSS', 'Memory with shared pages divided among those that share them', (w) => w.pss_bytes, bytes),
  figure('USS', 'Memory that ends with this process', (w) => w.uss_bytes, bytes),
  figure('Threads', 'Threads of the process', (w) => w.threads, integer),
  figure('Files', 'Open file descriptors', (w) => w.file_descriptors, integer),
  figure('Yields', 'Voluntary context switches: the process waited', (w) => w.voluntary_switches, integer),
  figure('Preempted', 'Involuntary context switches: the CPU was taken away', (w) => w.involuntary_switches, integer),
  figure('Up', 'Since the worker started', (w) => w.age_seconds, duration),
  { title: 'Server', value: (w) => w.server, draw: (cell, w) => setText(cell, w.server) },
  { title: 'Python', value: (w) => w.python, draw: (cell, w) => setText(cell, w.python) },
];

// The columns of the load page: admission in each worker, and calls to other hosts.
import { count, duration, integer, percent } from '../format';
import type { Figure, Host, Worker } from '../model';
import { drawAge } from './ages';
import { drawFigure, setAttribute, setFigure, setText } from './dom';
import { drawPill } from './pill';
import type { Column } from './table';

function figure<Row>(title: string, hint: string, pick: (row: Row) => Figure, format: (value: Figure) => string): Column<Row> {
  return { title, hint, numeric: true, value: pick, draw: (cell, row) => drawFigure(cell, pick(row), format) };
}

export const admissionColumns: Column<Worker>[] = [
  { title: 'Worker', hint: 'Number of the worker’s slot', value: (w) => w.slot, draw: (cell, w) => setText(cell, String(w.slot)) },
  {
    title: 'Admission',
    hint: 'Whether this worker by itself finds that its requests wait too long',
    wide: true,
    value: (w) => w.overloaded_seconds,
    draw(cell, w) {
      if (w.overloaded_seconds) drawPill(cell, 'warning', `overloaded for ${duration(w.overloaded_seconds)}`);
      else if (w.shed_level > 0) drawPill(cell, 'warning', `refuses at level ${w.shed_level}`);
      else drawPill(cell, 'healthy', 'lets all in');
    },
  },
  figure('Queue delay', 'Smallest queue time of the newest interval: above queue_delay_target means overload', (w) => w.queue_delay_seconds, duration),
  figure('In flight', 'Requests that the worker handles now', (w) => w.in_flight, count),
  figure('Capacity', 'Requests that it can handle at once', (w) => w.capacity, integer),
  figure('Concurrency limit', 'Most requests at once before others are refused; enforced under overload only, or when set', (w) => w.concurrency_limit, count),
  figure('Executor depth', 'Connections that the server has accepted and not begun', (w) => w.executor_depth, integer),
  { title: 'Oldest', hint: 'Age of the oldest request in flight', numeric: true, value: (w) => w.oldest_request_seconds, draw: (cell, w) => drawAge(cell, w.oldest_request_seconds) },
];

export const hostColumns: Column<Host>[] = [
  {
    title: 'Host',
    wide: true,
    value: (h) => h.host,
    draw(cell, h) {
      setText(cell, h.host);
      setAttribute(cell, 'data-mono', '');
    },
  },
  figure('Calls', 'Since the app started', (h) => h.calls, integer),
  figure('Mean', 'Mean duration of a call', (h) => h.mean_seconds, duration),
  figure('Max', 'Longest call', (h) => h.max_seconds, duration),
  { title: 'Failures', hint: 'Calls that ended without an answer, or with a status of 500 or more', numeric: true, value: (h) => h.failures, draw: (cell, h) => share(cell, h.failures, h.calls) },
  { title: 'Time-outs', hint: 'Calls that took longer than their time-out', numeric: true, value: (h) => h.timeouts, draw: (cell, h) => share(cell, h.timeouts, h.calls) },
  figure('Defaulted', 'Calls that had no time-out of their own and got Stirbar’s', (h) => h.defaulted, integer),
  {
    title: 'Breaker',
    hint: 'Whether calls are refused at once because so many failed',
    value: (h) => h.breakers_open,
    draw(cell, h) {
      if (h.breakers_open > 0) drawPill(cell, 'critical', `open in ${h.breakers_open} ${h.breakers_open === 1 ? 'worker' : 'workers'}`);
      else setText(cell, 'closed');
    },
  },
  figure('Cut short', 'Calls that an open breaker refused', (h) => h.breaker_refusals, integer),
];

function share(cell: HTMLElement, value: number, of: number): void {
  setFigure(cell, value && of ? `${integer(value)} (${percent(value / of)})` : integer(value));
  setAttribute(cell, 'data-zero', value === 0 ? '' : null);
}

// Requests in flight, oldest first. Each with the state of its worker: the reason why it does not end.
import type { InFlight, Snapshot, Worker } from '../model';
import { sorted } from '../sort';
import { drawAge } from './ages';
import { setAttribute, setText } from './dom';
import { Table, type Column } from './table';
import { drawWorkerState } from './worker-columns';

export class InFlightTable {
  private readonly table: Table<InFlight>;
  private workers = new Map<number, Worker>();

  constructor(brief: boolean, private readonly most: number) {
    const age: Column<InFlight> = {
      title: 'Age',
      hint: 'Since the request came in',
      numeric: true,
      draw: (cell, r) => drawAge(cell, r.age_seconds),
    };
    const route: Column<InFlight> = {
      title: 'Route',
      wide: true,
      draw(cell, r) {
        setText(cell, r.route);
        setAttribute(cell, 'data-mono', '');
      },
    };
    const phase: Column<InFlight> = {
      title: 'Phase',
      hint: 'routing: not yet at a view; handling: in the view; streaming: sending the answer',
      draw: (cell, r) => setText(cell, r.phase),
    };
    const worker: Column<InFlight> = {
      title: 'Worker',
      numeric: true,
      hint: 'Number of the worker’s slot',
      draw: (cell, r) => setText(cell, String(r.slot)),
    };
    const state: Column<InFlight> = {
      title: 'Worker state',
      draw: (cell, r) => {
        const of = this.workers.get(r.slot);
        if (of) drawWorkerState(cell, of);
        else setText(cell, '–');
      },
    };
    const rest: Column<InFlight>[] = [
      { title: 'In phase', hint: 'Since this phase began', numeric: true, draw: (cell, r) => drawAge(cell, r.phase_age_seconds) },
      { title: 'PID', numeric: true, draw: (cell, r) => setText(cell, String(r.pid)) },
      { title: 'Thread', hint: 'Thread id of the kernel', numeric: true, draw: (cell, r) => setText(cell, String(r.thread)) },
    ];
    this.table = new Table<InFlight>({
      label: 'Requests in flight, oldest first',
      columns: [age, route, state, worker, phase, ...(brief ? [] : rest)],
      key: (r) => `${r.pid}/${r.thread}/${r.route}`,
      empty: 'No request in flight at this moment.',
      tone: (r) => (this.workers.get(r.slot)?.hung ? 'critical' : null),
    });
  }

  get element(): HTMLElement {
    return this.table.element;
  }

  // How many are left out.
  update(snapshot: Snapshot): number {
    this.workers = new Map(snapshot.workers.map((w) => [w.slot, w]));
    const oldest = sorted(snapshot.in_flight, (r) => r.age_seconds, 'descending').slice(0, this.most);
    this.table.update(oldest);
    return snapshot.in_flight.length - oldest.length;
  }
}

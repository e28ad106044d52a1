// Requests in flight, oldest first. Each with the state of its worker: the reason why it does not end.
import { stuckMark } from '../activity';
import type { InFlight, Snapshot, Worker } from '../model';
import { sorted } from '../sort';
import { StackFeed } from '../stack-feed';
import { drawRequestDetail } from './request-detail';
import { briefColumns, restColumns } from './in-flight-columns';
import { Table } from './table';

export class InFlightTable {
  private readonly table: Table<InFlight>;
  private readonly feed: StackFeed;
  private workers = new Map<number, Worker>();

  constructor(brief: boolean, private readonly most: number) {
    const columns = briefColumns((slot) => this.workers.get(slot));
    this.feed = new StackFeed(() => this.table.redraw());
    this.table = new Table<InFlight>({
      label: 'Requests in flight, oldest first',
      columns: brief ? columns : [...columns, ...restColumns],
      key: (r) => r.id || `${r.pid}/${r.thread}/${r.route}`,
      empty: 'No request in flight at this moment.',
      tone: (r) => (this.workers.get(r.slot)?.hung ? 'critical' : stuckMark(r.stuck) ? 'warning' : null),
      ...(brief
        ? {}
        : {
            detail: {
              title: 'Stack',
              label: (r) => `Stack of ${r.route}, worker ${r.slot}`,
              draw: (place, r) => drawRequestDetail(place, r, this.feed),
              onChange: () => this.follow(),
            },
          }),
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

  close(): void {
    this.feed.stop();
  }

  // Stacks are read while a row is open: of one process when that is enough.
  private follow(): void {
    const pids = new Set(this.table.opened.map((r) => r.pid));
    if (pids.size === 0) return this.feed.stop();
    this.feed.of(pids.size === 1 ? [...pids][0]! : null);
    this.feed.start();
    this.feed.refresh();
  }
}

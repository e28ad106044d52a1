// Who held which connection over the last minute: made of what each look at the holds found, so holds
// too short to be met by one are not in it.
import type { Connection } from './connections';

export const span = 60; // seconds

// From the checkout to the return. Times are of the reader's clock, seconds.
export interface Hold {
  id: string;
  start: number;
  end: number; // the last look that met it
  now: boolean; // still held
  of: Connection; // as last seen
}

// All that one connection went through, newest last.
export interface Lane {
  key: string;
  holds: Hold[];
}

const sameWithin = 1; // seconds that the start of one hold may seem to move between two looks

export class Holds {
  private lanes = new Map<string, Lane>();
  private numbers = 0;

  // What is open at `now`.
  look(connections: readonly Connection[], now: number): void {
    for (const lane of this.lanes.values()) for (const hold of lane.holds) hold.now = false;
    for (const of of connections) {
      if (of.state !== 'active') continue;
      const key = `${of.pid}/${of.pool}/${of.number}`;
      const lane = this.lanes.get(key) ?? { key, holds: [] };
      this.lanes.set(key, lane);
      const start = now - of.state_seconds;
      const last = lane.holds[lane.holds.length - 1];
      if (last && last.of.route === of.route && last.of.thread === of.thread && Math.abs(last.start - start) < sameWithin) {
        Object.assign(last, { end: now, now: true, of });
      } else {
        // A connection has one holder at a time.
        if (last) last.end = Math.min(last.end, start);
        lane.holds.push({ id: `h${++this.numbers}`, start, end: now, now: true, of });
      }
    }
    for (const lane of this.lanes.values()) {
      lane.holds = lane.holds.filter((hold) => hold.now || hold.end > now - span);
      if (lane.holds.length === 0) this.lanes.delete(lane.key);
    }
  }

  // Held ones first, longest first; then those that came back last.
  all(): Lane[] {
    const newest = (lane: Lane) => lane.holds[lane.holds.length - 1]!;
    return [...this.lanes.values()].sort((a, b) => {
      const [x, y] = [newest(a), newest(b)];
      if (x.now !== y.now) return x.now ? -1 : 1;
      return x.now ? x.start - y.start || (a.key < b.key ? -1 : 1) : y.end - x.end;
    });
  }
}

// Where a hold lies on a bar of the last `span` seconds, in percent.
export function place(hold: Pick<Hold, 'start' | 'end' | 'now'>, now: number): { left: number; width: number; cut: boolean } {
  const from = Math.max(0, 1 - (now - hold.start) / span);
  const to = hold.now ? 1 : Math.max(from, 1 - (now - hold.end) / span);
  return { left: round(from), width: round(to - from), cut: hold.start < now - span };
}

function round(share: number): number {
  return Math.round(share * 1000) / 10;
}

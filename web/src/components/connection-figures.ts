// The key figures of the page of connections: the pool nearest to its limit first.
import { fullest, shortPool, turnedAway, waitingOf } from '../pools';
import { count, duration, integer, moment, notMeasured, percent } from '../format';
import type { DatabaseState } from '../model';
import { h } from './dom';
import type { Context, SomePool } from './pool-card';
import { Tile } from './tile';

export interface Seen extends Context {
  pools: readonly SomePool[];
  databases: readonly DatabaseState[];
  leaks: number | null; // found so far
  leaked: number | null; // still held; null: not told
}

export class ConnectionFigures {
  readonly element: HTMLElement;
  private readonly use = new Tile('Fullest pool', 'Share of its connections in use, in its fullest worker');
  private readonly waiting = new Tile('Waiting', 'Requests and tasks that wait for a connection, in all pools');
  private readonly wait = new Tile('Wait p95', '95 of 100 checkouts of the last minute waited no longer, in the pool where that is longest');
  private readonly away = new Tile('Turned away', 'Checkouts that got no connection since the app started: timed out, or refused at once');
  private readonly leaks = new Tile('Leaks', 'Connections held after their request or task, held too long, or left to the garbage collector');
  private readonly server = new Tile('Database', 'Whether the database servers can be reached');

  constructor() {
    const tiles = [this.use, this.waiting, this.wait, this.away, this.leaks, this.server];
    this.element = h('dl', { class: 'tiles six', 'aria-label': 'Key figures' }, ...tiles.map((t) => t.element));
  }

  update(seen: Seen): void {
    const { pools, warnFrom, waitFrom } = seen;
    const worst = fullest(pools);
    const full = warnFrom !== null && (worst?.utilisation ?? 0) >= warnFrom;
    this.use.update(worst && worst.capacity === null ? `${count(worst.active)} in use` : percent(worst?.utilisation), worst ? shortPool(worst.name) : 'no pool yet', full ? 'warning' : null);
    const waiting = pools.reduce((sum, pool) => sum + waitingOf(pool), 0);
    const oldest = Math.max(0, ...pools.map((pool) => pool.oldest_wait_seconds ?? 0));
    this.waiting.update(pools.length ? count(waiting) : notMeasured, waiting ? `the first for ${duration(oldest)}` : 'nobody', waiting ? 'warning' : null);
    const p95s = pools.map((pool) => pool.wait.p95_seconds).filter((p95) => p95 !== null);
    const p95 = p95s.length ? Math.max(...p95s) : null;
    this.wait.update(duration(p95), p95 === null ? 'no checkout' : 'of the last minute', p95 !== null && waitFrom !== null && p95 >= waitFrom ? 'critical' : null);
    const counted = pools.some((pool) => pool.counters);
    const away = pools.reduce((sum, pool) => sum + turnedAway(pool.counters ?? {}), 0);
    const timeouts = pools.reduce((sum, pool) => sum + (pool.counters?.timeouts ?? 0), 0);
    this.away.update(counted ? count(away) : notMeasured, counted ? `${integer(timeouts)} of them timed out` : pools.length ? 'not told here' : 'no pool yet');
    this.leaks.update(count(seen.leaks), seen.leaked === null ? 'since the app started' : seen.leaked ? `${integer(seen.leaked)} still held` : 'none still held', seen.leaked ? 'critical' : null);
    this.drawServer(seen);
  }

  // The servers that were asked, else those that pools connect to.
  private drawServer({ pools, databases }: Seen): void {
    const down = databases.filter((d) => !d.available);
    const targets = pools.flatMap((pool) => pool.targets ?? []);
    const refused = targets.filter((t) => t.breakers_open > 0 || (t.unavailable_seconds ?? 0) > 0);
    const first = down[0];
    if (first) this.server.update('unavailable', first.unavailable_since ? `since ${moment(new Date(first.unavailable_since * 1000).toISOString())}` : first.name, 'critical');
    else if (refused.length) this.server.update('unavailable', refused[0]!.name, 'critical');
    else if (databases.length) this.server.update('answers', databases.length === 1 ? databases[0]!.name : `${databases.length} servers`);
    else if (targets.some((t) => t.connections > 0)) this.server.update('reached', 'as the pools say');
    else this.server.update(notMeasured, 'no server is asked');
  }
}

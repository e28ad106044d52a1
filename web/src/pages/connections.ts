import { outcome } from '../connections';
import { ConnectionFeed } from '../connection-feed';
import { Charts, connectionCharts } from '../components/charts';
import { ConnectionFigures } from '../components/connection-figures';
import { drawDatabase, newDatabase, type SomeDatabase } from '../components/database-card';
import { h, setText } from '../components/dom';
import { drawAdvice, newFinding } from '../components/findings';
import { keyed } from '../components/keyed';
import { LeakTable } from '../components/leak-table';
import { panel } from '../components/panel';
import { drawPool, newPool, type SomePool } from '../components/pool-card';
import { QueryTable } from '../components/query-table';
import { Timeline } from '../components/timeline';
import { Trouble } from '../components/trouble';
import { clock, duration, integer } from '../format';
import type { HistoryBuffer } from '../history';
import { Holds } from '../holds';
import type { Snapshot } from '../model';
import { setting } from '../shedding';
import { sorted } from '../sort';
import type { Page, View } from '../page';

export const page: Page = {
  path: '/connections',
  title: 'Connections',
  group: 'Traffic',
  icon: 'connections',
  charts: true,
  render: (place, history) => new ConnectionsView(place, history),
};

const reading = 'Reading…';

class ConnectionsView implements View {
  private readonly feed = new ConnectionFeed(() => this.read());
  private readonly holds = new Holds();
  private readonly figures = new ConnectionFigures();
  private readonly trouble = new Trouble('Who holds which connection cannot be shown', '/connections');
  private readonly pools = h('div', { class: 'pools' });
  private readonly noPool = noPool();
  private readonly advice = h('ul', { class: 'findings' });
  private readonly advicePanel = panel('Advice', [this.advice], [], 'what to change, and the figures that say so');
  private readonly charts: Charts;
  private readonly timeline = new Timeline();
  private readonly timelineSaid = h('span');
  private readonly leaks = new LeakTable();
  private readonly queries = new QueryTable();
  private readonly databases = h('div', { class: 'pools' });
  private readonly noDatabase = noDatabase();
  private readonly onlyThere: HTMLElement[];
  private snapshot: Snapshot | undefined;

  constructor(place: HTMLElement, history: HistoryBuffer) {
    this.charts = new Charts(history, connectionCharts);
    this.advicePanel.hidden = true;
    this.onlyThere = [
      panel('Leaks', [this.leaks.element], [], 'by place in the code'),
      panel('Slow queries', [this.queries.element], [], 'statements without their values'),
    ];
    const holds = panel('Who holds a connection', [this.trouble.element, this.timeline.element], [this.timelineSaid], 'the last minute; longest first');
    place.append(
      this.figures.element,
      panel('Pools', [this.pools, this.noPool], [], 'over all workers'),
      this.advicePanel,
      holds,
      this.charts.element,
      ...this.onlyThere,
      panel('Database servers', [this.databases, this.noDatabase], [], 'as they say themselves'),
    );
    this.timeline.update([], 0, reading);
    this.leaks.update([], reading);
    this.queries.update([], reading);
    this.feed.start();
  }

  update(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.draw();
  }

  points(): void {
    this.charts.update();
  }

  close(): void {
    this.feed.stop();
    this.charts.close();
  }

  // What the feed has brought.
  private read(): void {
    const { connections, error, elsewhere } = this.feed;
    this.trouble.update(error);
    for (const element of [...this.onlyThere, this.timeline.element]) element.hidden = elsewhere;
    if (connections && !error) {
      const now = this.feed.readAt / 1000;
      this.holds.look(connections.connections, now);
      this.drawHolds(now);
      this.leaks.update(connections.leaks, 'No leak found. A connection still held when its request has ended appears here at once, with the line that took it.');
      this.queries.update(connections.slow_queries, `No statement has taken longer than slow_query_threshold (${duration(this.limit('slow_query_threshold'))}) yet.`);
      this.advicePanel.hidden = connections.advice.length === 0;
      keyed(this.advice, connections.advice, (a) => a.text, newFinding, drawAdvice);
    }
    this.draw();
  }

  private drawHolds(now: number): void {
    const lanes = this.holds.all();
    const held = lanes.filter((lane) => lane.holds.some((hold) => hold.now)).length;
    this.timeline.update(lanes, now, 'No connection was held when it was looked, in the last minute. Looks are 2 s apart: shorter holds show in the figures of the pools.');
    setText(this.timelineSaid, `${integer(held)} held at ${clock(this.feed.readAt)}`);
  }

  private draw(): void {
    if (!this.snapshot) return;
    const { connections } = this.feed;
    const context = { readAt: this.feed.readAt, warnFrom: this.limit('pool_utilization_warning_threshold'), waitFrom: this.limit('pool_wait_critical_threshold') };
    const pools = this.poolsNow();
    const databases: readonly SomeDatabase[] = connections?.databases ?? this.snapshot.databases;
    this.figures.update({
      ...context,
      pools,
      databases,
      leaks: connections ? connections.leaks.reduce((sum, leak) => sum + leak.count, 0) : this.snapshot.leak_count,
      leaked: connections ? connections.leaks.reduce((sum, leak) => sum + outcome(leak).held, 0) : null,
    });
    this.noPool.hidden = pools.length > 0;
    keyed(this.pools, sorted(pools, (pool) => pool.utilisation, 'descending'), (pool) => pool.name, newPool, (element, pool) => drawPool(element, pool, context));
    this.noDatabase.hidden = databases.length > 0;
    const fullFrom = this.limit('database_connection_ratio');
    keyed(this.databases, databases, (d) => d.name, newDatabase, (element, d) => drawDatabase(element, d, fullFrom));
  }

  // The snapshot is newer, the feed tells more.
  private poolsNow(): readonly SomePool[] {
    const detailed = this.feed.connections?.pools ?? [];
    const newest = this.snapshot!.pools;
    if (!newest.length) return detailed;
    const byName = new Map(detailed.map((pool) => [pool.name, pool]));
    return newest.map((pool) => ({ ...byName.get(pool.name), ...pool }));
  }

  private limit(name: string): number | null {
    return setting(this.snapshot?.settings ?? [], name);
  }
}

function noPool(): HTMLElement {
  const code = (text: string) => h('code', {}, text);
  return h(
    'div',
    { class: 'empty advice-text' },
    h('p', {}, 'No pool seen yet. A pool appears here when an engine of the app opens its first connection: open a page of the app that asks the database.'),
    h('p', {}, 'Engines made by SQLAlchemy (1.4 or newer) get Stirbar’s pool by themselves under ', code('stirbar run'), ' while the setting ', code('connection_pool'), ' is on; elsewhere make them with ', code('create_engine(url, **stirbar.pool_options())'), '. Of pools of another class only the holds are seen.'),
  );
}

function noDatabase(): HTMLElement {
  const code = (text: string) => h('code', {}, text);
  return h(
    'div',
    { class: 'empty advice-text' },
    h('p', {}, 'No server is asked for its own figures. Give the supervisor an account of a MySQL or MariaDB server that may do no more than look:'),
    h('p', {}, 'set ', code('STIRBAR_DATABASE_URLS=mysql://USER:PASSWORD@HOST:3306'), ' where the supervisor starts, or start it with ', code('stirbar run --database mysql://USER@HOST:3306'), ' and the password in the file that ', code('STIRBAR_DATABASE_PASSWORD_FILE'), ' names.'),
  );
}

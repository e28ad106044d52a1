// What one database server says of itself, and the statements that run for long in it.
import type { Database } from '../connections';
import { count, duration, integer, moment, notMeasured, percent, perSecond, uptime } from '../format';
import type { DatabaseState, Figure } from '../model';
import { h, setAttribute, setFigure, setText } from './dom';
import { drawFacts, drawSentence, newFacts, type Fact } from './facts';
import { keyed } from './keyed';
import { drawPill } from './pill';

// Inside the app only its state is known.
export type SomeDatabase = DatabaseState & Partial<Omit<Database, keyof DatabaseState>>;

const staleFrom = 15; // seconds since its last answer

export function newDatabase(): HTMLElement {
  const head = h('div', { class: 'panel-head' }, h('h3', { class: 'pool-name' }), h('span', { class: 'pool-marks' }, h('span')), h('span', { class: 'panel-more' }));
  const running = h('div', {}, h('h4', { class: 'running-title' }, 'Running for long'), h('ol', { class: 'statements' }));
  return h('article', { class: 'pool' }, head, h('p', { class: 'empty' }), newFacts('Figures of this server'), running);
}

export function drawDatabase(element: Element, database: SomeDatabase, fullFrom: number | null): void {
  const [head, error, facts, running] = element.children as unknown as HTMLElement[];
  const { name, available, version } = database;
  setAttribute(element, 'aria-label', `Server ${name}`);
  setText(head!.firstElementChild!, name);
  setText(head!.lastElementChild!, [version, database.is_replica ? 'replica' : '', database.read_only ? 'read only' : ''].filter(Boolean).join(' · '));
  drawState(head!.children[1]!.firstElementChild!, database);
  drawSentence(error!, available || !database.error ? '' : `It does not answer: ${database.error}.`);
  drawFacts(facts!, factsOf(database, fullFrom));
  drawRunning(running!, database.long_running ?? []);
}

function drawState(place: Element, database: SomeDatabase): void {
  const { available, unavailable_since: since, answered_age_seconds: age } = database;
  if (!available) drawPill(place, 'critical', since ? `unavailable since ${moment(new Date(since * 1000).toISOString())}` : 'unavailable');
  else if ((age ?? 0) >= staleFrom) drawPill(place, 'unknown', `last answer ${duration(Math.floor(age!))} ago`);
  else drawPill(place, 'healthy', 'answers', database.answer_seconds == null ? '' : `Asked for all of this it took ${duration(database.answer_seconds)}`);
}

function factsOf(d: SomeDatabase, fullFrom: number | null): Fact[] {
  const full = fullFrom !== null && d.connections !== null && Boolean(d.max_connections) && d.connections >= fullFrom * d.max_connections!;
  const some = (value: Figure | undefined, tone: 'warning' | 'critical') => ((value ?? 0) > 0 ? tone : null);
  const facts: Fact[] = [
    { term: 'Connections', figure: of(d.connections, d.max_connections), hint: 'Of all clients, of max_connections', tone: full ? 'warning' : null },
    { term: 'Most so far', figure: integer(d.connections_max_used), hint: 'Most connections at once since the server started' },
    { term: 'Running', figure: integer(d.threads_running), hint: 'Threads that work at a statement now' },
    { term: 'Queries', figure: perSecond(d.queries_per_second) },
    { term: 'Slow queries', figure: d.slow_queries == null ? notMeasured : `${integer(d.slow_queries)}${d.slow_queries_per_second ? ` (${perSecond(d.slow_queries_per_second)})` : ''}`, hint: 'By the server’s own long_query_time, since it started', tone: some(d.slow_queries_per_second, 'warning') },
    { term: 'Lock waits now', figure: integer(d.lock_waits_now), hint: 'Transactions that wait for a row lock', tone: some(d.lock_waits_now, 'warning') },
    { term: 'Lock waits', figure: d.lock_waits_per_second == null ? notMeasured : `${perSecond(d.lock_waits_per_second)}${d.lock_waits_per_second && d.lock_wait_mean_seconds ? `, ${duration(d.lock_wait_mean_seconds)} each` : ''}` },
    { term: 'Buffer pool hits', figure: percent(d.buffer_pool_hit_ratio), hint: 'Share of page reads answered from memory, over the last minute' },
    { term: 'Aborted clients', figure: count(d.aborted_clients), hint: 'Connections that ended without being closed, since the server started' },
    { term: 'Aborted connects', figure: count(d.aborted_connects), hint: 'Failed attempts to connect, since the server started' },
    { term: 'Replica lag', figure: d.is_replica === false ? notMeasured : duration(d.replica_lag_seconds), hint: 'How far it is behind its source', tone: (d.replica_lag_seconds ?? 0) >= 10 ? 'warning' : null },
    { term: 'wait_timeout', figure: uptime(d.wait_timeout_seconds), hint: 'Idle connections are closed by the server after so long' },
    { term: 'Up', figure: uptime(d.uptime_seconds), hint: 'Since the server started' },
  ];
  return facts.filter((fact) => fact.figure !== notMeasured);
}

function of(value: Figure, whole: Figure): string {
  return value === null || !whole ? integer(value) : `${integer(value)} of ${integer(whole)} (${percent(Math.round((value / whole) * 100) / 100)})`;
}

function drawRunning(place: HTMLElement, statements: Database['long_running']): void {
  place.hidden = statements.length === 0;
  keyed(place.lastElementChild!, statements, (s) => String(s.thread), () => h('li', {}, h('span', { class: 'hint' }), h('code', { class: 'sql' })), (item, s) => {
    setFigure(item.firstElementChild!, [duration(s.seconds), `thread ${s.thread}`, s.state].filter(Boolean).join(' · '));
    setText(item.lastElementChild!, s.text || 'The account may not see the statement.');
  });
}

// api/v1/connections: pools with all they did, who holds what, leaks, slow queries, and what the
// database servers say of themselves; and the words for it.
import { completePool } from './complete';
import { integer } from './format';
import type { Figure, Frame, Pool } from './model';
import type { Tone } from './status';

// One server of a pool, over all workers.
export interface Target {
  name: string; // host:port, or a file
  readonly: boolean;
  connections: number;
  breakers_open: number; // workers
  connects: number;
  failures: number;
  connect_mean_seconds: Figure;
  unavailable_seconds: Figure; // 0 or null: it is available
  last_error: string; // class and number
}

export type Counters = Record<string, number>;

export interface PoolDetail extends Pool {
  counters: Counters; // since the app started
  targets: Target[];
}

// One open connection.
export interface Connection {
  pid: number;
  slot: number;
  pool: string;
  number: number; // unique in its worker
  state: string; // connecting, idle, active
  leak: string; // none, suspect, confirmed, collected
  lane: string; // request, task
  age_seconds: Figure;
  state_seconds: number;
  transaction_seconds: Figure;
  statements: number; // since its checkout
  route: string; // "": no request took it
  thread: number | null;
  target: string;
  holder: string; // unknown, raw, connection, session, flask_session
  stack: Frame[]; // at its checkout, innermost first
}

// One place in the code.
export interface Leak {
  first: number; // seconds since 1970
  last: number;
  count: number;
  returned: number; // came back by themselves
  reclaimed: number;
  kind: string; // of the newest
  holder: string;
  pool: string;
  route: string;
  held_seconds: Figure; // of the newest
  pid: number;
  stack: Frame[];
}

export interface SlowQuery {
  time: number; // seconds since 1970
  seconds: number;
  text: string; // without literals
  pool: string;
  route: string;
  pid: number;
}

export interface Database {
  name: string;
  version: string;
  available: boolean;
  unavailable_since: Figure; // seconds since 1970
  error: string;
  answered_age_seconds: Figure;
  answer_seconds: Figure;
  uptime_seconds: Figure;
  connections: Figure;
  connections_max_used: Figure;
  max_connections: Figure;
  threads_running: Figure;
  wait_timeout_seconds: Figure;
  aborted_clients: Figure;
  aborted_connects: Figure;
  queries_per_second: Figure;
  slow_queries: Figure;
  slow_queries_per_second: Figure;
  lock_waits_now: Figure;
  lock_waits_per_second: Figure;
  lock_wait_mean_seconds: Figure;
  buffer_pool_hit_ratio: Figure;
  is_replica: boolean | null;
  replica_lag_seconds: Figure;
  read_only: boolean | null;
  long_running: { thread: number; seconds: number; state: string; text: string }[];
}

export interface Advice {
  severity: string;
  text: string;
  evidence: string;
}

export interface Connections {
  pools: PoolDetail[];
  connections: Connection[];
  leaks: Leak[];
  slow_queries: SlowQuery[];
  databases: Database[];
  advice: Advice[];
}

// A part that is left out is empty, and so is a text that is not known.
export function completeConnections(raw: Partial<Connections>): Connections {
  return {
    pools: (raw.pools ?? []).map((pool) => ({ ...pool, ...completePool(pool), counters: pool.counters ?? {}, targets: pool.targets ?? [] })),
    connections: (raw.connections ?? []).map((c) => ({ ...withTexts(c, ['leak', 'lane', 'route', 'target', 'holder']), stack: c.stack ?? [] })),
    leaks: (raw.leaks ?? []).map((leak) => ({ ...withTexts(leak, ['holder', 'pool', 'route']), stack: leak.stack ?? [] })),
    slow_queries: (raw.slow_queries ?? []).map((query) => withTexts(query, ['text', 'pool', 'route'])),
    databases: (raw.databases ?? []).map((d) => ({ ...withTexts(d, ['version', 'error']), long_running: d.long_running ?? [] })),
    advice: raw.advice ?? [],
  };
}

function withTexts<Row>(row: Row, names: (keyof Row)[]): Row {
  const full = { ...row };
  for (const name of names) if (full[name] === null || full[name] === undefined) full[name] = '' as Row[typeof name];
  return full;
}

interface Word {
  word: string;
  tone: Tone;
  meaning: string;
}

const kinds: Record<string, Word> = {
  suspect: { word: 'held too long', tone: 'warning', meaning: 'For longer than pool_leak_threshold. It may still come back' },
  confirmed: { word: 'leaked', tone: 'critical', meaning: 'Still held although the request or task that took it has ended' },
  collected: { word: 'not closed', tone: 'warning', meaning: 'Nobody closed it: only the garbage collector gave it back' },
};

// Null: no leak.
export function leakWord(kind: string | null): Word | null {
  if (!kind || kind === 'none') return null;
  return kinds[kind] ?? { word: kind, tone: 'warning', meaning: '' };
}

const holders: Record<string, { word: string; advice: string }> = {
  raw: { word: 'a raw connection', advice: 'Close what engine.raw_connection() gave, also when an exception passes: with contextlib.closing(engine.raw_connection()) as connection.' },
  connection: { word: 'an engine connection', advice: 'Take it with a context manager, which gives it back in every case: with engine.connect() as connection.' },
  session: { word: 'an ORM session', advice: 'Open it with a context manager: with Session(engine) as session. Or close it in a teardown function of the app.' },
  flask_session: { word: 'a Flask-SQLAlchemy session', advice: 'It is closed when the app context ends. Used in a thread or a context of your own, call db.session.remove() at its end.' },
};

function holderOf(holder: string): { word: string; advice: string } | undefined {
  return holders[(holder ?? '').toLowerCase().replace(/[ -]/g, '_')];
}

// By what it was taken: "an ORM session".
export function holderWord(holder: string): string {
  return holderOf(holder)?.word ?? 'not known';
}

// What to change in the code that leaks.
export function leakAdvice({ kind, holder }: Pick<Leak, 'kind' | 'holder'>): string {
  if (kind === 'suspect') return 'If the work takes that long, give the connection back before the slow part, or raise pool_leak_threshold. If not, see that it is closed in every case.';
  return holderOf(holder)?.advice ?? 'Take connections and sessions with a context manager (with …), which gives them back in every case, also when an exception passes.';
}

// What became of them: "1 still held · 4 came back · 2 reclaimed"
export function outcome(leak: Pick<Leak, 'kind' | 'count' | 'returned' | 'reclaimed'>): { held: number; text: string } {
  const { kind, count, returned, reclaimed } = leak;
  const rest = Math.max(0, count - returned - reclaimed);
  const held = kind === 'collected' ? 0 : rest;
  const parts = [
    held ? `${integer(held)} still held` : '',
    kind === 'collected' && rest ? `${integer(rest)} collected` : '',
    returned ? `${integer(returned)} came back` : '',
    reclaimed ? `${integer(reclaimed)} reclaimed` : '',
  ];
  return { held, text: parts.filter(Boolean).join(' · ') };
}

// The route, or what else it was that took the connection.
export function takenBy(route: string, lane = ''): string {
  if (route) return route;
  return lane === 'task' ? 'a task' : 'outside any request';
}

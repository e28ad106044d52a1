// Figures and words for pools: who uses how much, what a pool may do, did, and what troubles it.
import type { Counters, PoolDetail, Target } from './connections';
import { clock, duration, integer, percent, uptime } from './format';
import type { Figure, Pool } from './model';
import type { Tone } from './status';

export const useNames = ['active', 'connecting', 'idle', 'free', 'waiting'] as const;
export type UseName = (typeof useNames)[number];

export const useWords: Record<UseName, { word: string; meaning: string }> = {
  active: { word: 'in use', meaning: 'held by a request or task' },
  connecting: { word: 'connecting', meaning: 'being opened' },
  idle: { word: 'idle', meaning: 'open, for the next who asks' },
  free: { word: 'free', meaning: 'not open yet: as many more may be opened' },
  waiting: { word: 'waiting', meaning: 'requests and tasks that wait for a connection' },
};

export interface Use {
  name: UseName;
  value: number | null; // null: unlimited
  share: number; // of the bar, 0..1
}

// One bar: what the pool may hold, and behind it those who wait.
export function usesOf(pool: Pool): Use[] {
  const { active, connecting, idle, capacity } = pool;
  const waiting = waitingOf(pool);
  const open = active + connecting + idle;
  const free = capacity === null ? null : Math.max(0, capacity - open);
  const whole = open + (free ?? 0) + waiting || 1;
  const values: Record<UseName, number | null> = { active, connecting, idle, free, waiting };
  return useNames.map((name) => ({ name, value: values[name], share: (values[name] ?? 0) / whole }));
}

export function waitingOf({ waiting }: Pool): number {
  return waiting.request + waiting.task;
}

export function useSentence(pool: Pool): string {
  const uses = usesOf(pool).map(({ name, value }) => `${value === null ? 'unlimited' : integer(value)} ${useWords[name].word}`);
  return `${pool.name}: ${uses.join(', ')}`;
}

// "Size 5 + 10 overflow, in each of 2 workers: 30 in all · time-out 30 s · lifetime 30 min"
export function setupWords(pool: Pool): string {
  const limit = (word: string, seconds: Figure) => (seconds === null ? '' : seconds === 0 ? `no ${word}` : `${word} ${seconds < 60 ? duration(seconds) : uptime(seconds)}`);
  return [`Size ${sizeWords(pool)}`, limit('time-out', pool.timeout_seconds), limit('lifetime', pool.fair ? pool.lifetime_seconds ?? 0 : pool.lifetime_seconds)].filter(Boolean).join(' · ');
}

function sizeWords({ size, max_overflow, capacity, workers }: Pool): string {
  if (size === 0 || max_overflow === null) return size === 0 ? 'unlimited' : `${integer(size)}, overflow unlimited, in ${workers === 1 ? '1 worker' : `each of ${integer(workers)} workers`}`;
  const each = max_overflow ? `${integer(size)} + ${integer(max_overflow)} overflow` : `${integer(size)}, no overflow`;
  return workers > 1 && capacity !== null ? `${each}, in each of ${integer(workers)} workers: ${integer(capacity)} in all` : each;
}

type Said = [one: string, more: string, bad?: true];

// After the number. Those that are marked ask for attention.
const counterWords: Record<string, Said> = {
  timeouts: ['gave up: waited until its deadline', 'gave up: waited until their deadline', true],
  refused_full: ['turned away: too many waited already', 'turned away: too many waited already', true],
  refused_throttled: ['of low priority turned away: the pool was nearly full', 'of low priority turned away: the pool was nearly full', true],
  refused_unavailable: ['turned away: the database could not be reached', 'turned away: the database could not be reached', true],
  connect_failures: ['connection could not be opened', 'connections could not be opened', true],
  leaks_confirmed: ['leaked: still held when its request or task had ended', 'leaked: still held when their request or task had ended', true],
  leaks_suspect: ['held for longer than pool_leak_threshold', 'held for longer than pool_leak_threshold', true],
  leaks_collected: ['given back only by the garbage collector', 'given back only by the garbage collector', true],
  leaks_returned: ['of these came back by itself', 'of these came back by themselves'],
  leaks_reclaimed: ['leaked one taken back by Stirbar', 'leaked ones taken back by Stirbar'],
  invalidated: ['broken connection closed', 'broken connections closed', true],
  ping_failures: ['did not answer its ping', 'did not answer their ping', true],
  checkouts: ['checkout by a request', 'checkouts by requests'],
  task_checkouts: ['checkout by a task', 'checkouts by tasks'],
  created: ['connection opened', 'connections opened'],
  closed: ['connection closed', 'connections closed'],
  expired: ['of these past its lifetime', 'of these past their lifetime'],
  idle_closed: ['of these idle for too long', 'of these idle for too long'],
  pings: ['idle connection pinged', 'idle connections pinged'],
};
const times: Record<string, string> = { wait_seconds: 'waited in all', hold_seconds: 'held in all' };

export interface Counted {
  name: string;
  figure: string;
  text: string;
  bad: boolean;
}

// The counters that are not zero, those that ask for attention first; unknown ones by their names.
export function countersOf(counters: Counters): Counted[] {
  const names = [...Object.keys(counterWords), ...Object.keys(times)];
  const unknown = Object.keys(counters).filter((name) => !names.includes(name));
  return [...names, ...unknown]
    .filter((name) => (counters[name] ?? 0) > 0)
    .map((name) => {
      const value = counters[name]!;
      if (times[name]) return { name, figure: duration(value), text: times[name], bad: false };
      const [one, more, bad] = counterWords[name] ?? [name.replace(/_/g, ' '), name.replace(/_/g, ' ')];
      return { name, figure: integer(value), text: value === 1 ? one : more, bad: bad === true };
    });
}

// Those that got no connection.
export function turnedAway(counters: Counters): number {
  const sum = (names: string[]) => names.reduce((all, name) => all + (counters[name] ?? 0), 0);
  return sum(['timeouts', 'refused_full', 'refused_throttled', 'refused_unavailable']);
}

export interface Mark {
  name: string;
  tone: Tone;
  word: string;
  meaning: string;
}

// What stands beside the name of a pool, worst first.
export function marksOf(pool: Pool & Partial<Pick<PoolDetail, 'targets'>>, warnFrom: number | null): Mark[] {
  const marks: Mark[] = [];
  const down = (pool.targets ?? []).filter((t) => t.breakers_open > 0 || (t.unavailable_seconds ?? 0) > 0);
  if (down.length) marks.push({ name: 'target', tone: 'critical', word: `${down.map((t) => t.name).join(', ')} unavailable`, meaning: 'New connections to it fail' });
  if (pool.throttled > 0) marks.push({ name: 'throttled', tone: 'warning', word: pool.workers > 1 ? `throttled in ${pool.throttled} of ${pool.workers} workers` : 'throttled', meaning: 'Requests and tasks of low priority are refused connections while it is nearly full' });
  const waiting = waitingOf(pool);
  if (waiting > 0) marks.push({ name: 'waiting', tone: 'warning', word: `${integer(waiting)} ${waiting === 1 ? 'waits' : 'wait'}`, meaning: `The first for ${duration(pool.oldest_wait_seconds)}` });
  else if (warnFrom !== null && (pool.utilisation ?? 0) >= warnFrom) marks.push({ name: 'full', tone: 'warning', word: 'nearly full', meaning: `From ${percent(warnFrom)} in use in one worker` });
  if (!pool.fair) marks.push({ name: 'fair', tone: 'info', word: 'not Stirbar’s pool', meaning: 'A pool class of the app’s own: who holds its connections is known, who waits is not' });
  return marks;
}

// "mysql://db.example.org:3306/shop" -> "db.example.org:3306/shop"
export function shortPool(name: string): string {
  return name.replace(/^[^:]*:\/\/+/, '') || name;
}

// The pool nearest to its limit: by those who wait, then by use.
export function fullest<P extends Pool>(pools: readonly P[]): P | undefined {
  const rank = (pool: Pool) => Math.min(waitingOf(pool), 1) + (pool.utilisation ?? 0);
  return pools.reduce<P | undefined>((worst, pool) => (!worst || rank(pool) > rank(worst) ? pool : worst), undefined);
}

// What is said of a target: null while all is well. `from`: since when it is unavailable,
// milliseconds since 1970.
export function targetTrouble({ breakers_open: open, unavailable_seconds }: Target, workers: number, from: number): string | null {
  const seconds = unavailable_seconds ?? 0;
  if (!open && !seconds) return null;
  const since = seconds ? `since ${clock(from)} (for ${duration(Math.floor(seconds))})` : '';
  if (!open) return `unavailable ${since}`;
  const where = workers <= 1 ? '' : open >= workers ? 'in all workers' : `in ${integer(open)} of ${integer(workers)} workers`;
  return ['refused at once', where, since].filter(Boolean).join(' ') + '; tried again from time to time';
}

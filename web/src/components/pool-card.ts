// One pool: how it is used, what it may do, how long its connections are waited for and held, what
// it did, and the servers that it connects to.
import type { PoolDetail, Target } from '../connections';
import { duration, integer, notMeasured, percent } from '../format';
import type { Pool } from '../model';
import { countersOf, marksOf, setupWords, targetTrouble, type Counted, type Mark } from '../pools';
import { h, setAttribute, setText } from './dom';
import { drawFacts, newFacts, type Fact } from './facts';
import { keyed } from './keyed';
import { drawPill } from './pill';
import { drawUseBar, newUseBar } from './use-bar';

// Counters and targets are told by the supervisor only.
export type SomePool = Pool & Partial<Pick<PoolDetail, 'counters' | 'targets'>>;

export interface Context {
  warnFrom: number | null; // share in use
  waitFrom: number | null; // wait p95, seconds
  readAt: number; // when counters and targets were read, milliseconds since 1970
}

export function newPool(): HTMLElement {
  const head = h('div', { class: 'panel-head' }, h('h3', { class: 'pool-name' }), h('span', { class: 'pool-marks' }), h('span', { class: 'panel-more pool-share' }));
  return h('article', { class: 'pool' }, head, newUseBar(), newFacts('Figures of this pool'), h('p', { class: 'pool-setup' }), h('ul', { class: 'targets', 'aria-label': 'Servers it connects to' }), h('ul', { class: 'counters', 'aria-label': 'What it did since the app started' }));
}

export function drawPool(element: Element, pool: SomePool, { warnFrom, waitFrom, readAt }: Context): void {
  const [head, use, facts, setup, targets, counters] = element.children as unknown as HTMLElement[];
  const [name, marks, share] = head!.children as unknown as HTMLElement[];
  setAttribute(element, 'aria-label', `Pool ${pool.name}`);
  setText(name!, pool.name || 'other pools');
  keyed(marks!, marksOf(pool, warnFrom), (m) => m.name, () => h('span'), (place, m: Mark) => drawPill(place, m.tone, m.word, m.meaning));
  setText(share!, pool.capacity === null ? 'no limit' : pool.workers > 1 ? `${percent(pool.utilisation)} in use in its fullest worker` : `${percent(pool.utilisation)} in use`);
  drawUseBar(use!, pool);
  drawFacts(facts!, factsOf(pool, waitFrom));
  setText(setup!, setupWords(pool));
  drawTargets(targets!, pool.targets ?? [], pool.workers, readAt);
  drawCounters(counters!, countersOf(pool.counters ?? {}));
}

function factsOf(pool: Pool, waitFrom: number | null): Fact[] {
  const { wait, hold } = pool;
  const late = waitFrom !== null && (wait.p95_seconds ?? 0) >= waitFrom;
  const facts: (Fact | null)[] = [
    pool.fair ? { term: 'Wait p50', figure: duration(wait.p50_seconds), hint: 'Half of the checkouts of the last minute waited no longer' } : null,
    pool.fair ? { term: 'Wait p95', figure: duration(wait.p95_seconds), hint: '95 of 100 checkouts of the last minute waited no longer', tone: late ? 'critical' : null } : null,
    pool.fair ? { term: 'Wait p99', figure: duration(wait.p99_seconds), hint: '99 of 100 checkouts of the last minute waited no longer' } : null,
    pool.fair ? { term: 'Wait, longest', figure: duration(wait.max_seconds), hint: 'Longest wait since the app started' } : null,
    { term: 'Held, mean', figure: duration(hold.mean_seconds), hint: 'How long connections were held, over the last minute' },
    { term: 'Held, longest', figure: duration(hold.max_seconds), hint: 'Longest hold that has ended, since the app started' },
    { term: 'At once, p95', figure: integer(pool.active_p95), hint: 'Connections in use at once in one worker, over the last 15 minutes: size the pool by it' },
    { term: 'At once, most', figure: integer(pool.active_max), hint: 'Most connections in use at once in one worker, over the last 15 minutes' },
  ];
  return facts.filter((fact): fact is Fact => fact !== null && fact.figure !== notMeasured);
}

const away = new WeakMap<Element, number>(); // since when each target is unavailable

// The same moment at each look, which finds it a little earlier or later.
function awaySince(item: Element, { unavailable_seconds: seconds }: Target, readAt: number): number {
  const now = readAt - (seconds ?? 0) * 1000;
  const before = away.get(item);
  if (before !== undefined && Math.abs(before - now) < 2500) return before;
  away.set(item, now);
  return now;
}

function drawTargets(list: HTMLElement, targets: readonly Target[], workers: number, readAt: number): void {
  list.hidden = targets.length === 0;
  keyed(
    list,
    targets,
    (t) => t.name,
    () => h('li', { class: 'target' }, h('span', { class: 'target-name' }), h('span', { class: 'target-state' }), h('span', { class: 'target-said' })),
    (item, target) => {
      const trouble = targetTrouble(target, workers, awaySince(item, target, readAt));
      const used = target.connections > 0;
      setText(item.firstElementChild!, target.name);
      if (trouble) drawPill(item.children[1]!, 'critical', trouble);
      else drawPill(item.children[1]!, used ? 'healthy' : 'info', used ? 'in use' : 'stands by', used ? 'Connections to it are open' : 'No connection to it is open');
      setText(item.lastElementChild!, targetWords(target));
    },
  );
}

function targetWords(target: Target): string {
  const { connections, connects, connect_mean_seconds: mean, failures, last_error: error } = target;
  return [
    target.readonly ? 'replica, for read-only work' : '',
    `${integer(connections)} open`,
    `${integer(connects)} opened so far${mean === null ? '' : `, in ${duration(mean)} on average`}`,
    failures ? `${integer(failures)} ${failures === 1 ? 'failure' : 'failures'}${error ? `, the last ${error}` : ''}` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

function drawCounters(list: HTMLElement, counters: readonly Counted[]): void {
  list.hidden = counters.length === 0;
  keyed(list, counters, (c) => c.name, () => h('li', {}, h('strong'), ' ', h('span')), (item, c) => {
    setAttribute(item, 'data-bad', c.bad ? '' : null);
    setText(item.firstElementChild!, c.figure);
    setText(item.lastElementChild!, c.text);
  });
}

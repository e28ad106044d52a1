// What GET /api/v1/alerts says, and what is done about it.
import { fetchJson } from './api';
import type { Figure } from './model';
import { change } from './session';
import type { Tone } from './status';

export interface Way {
  sink: string;
  event: string;
  outcome: string; // waiting, delivered, refused, dropped
  time: string | null;
}

export interface AlertRow {
  id: string;
  state: 'firing' | 'resolved' | 'pending';
  rule: string;
  component: string;
  severity: string;
  slot: number | null;
  message: string;
  since: string | null;
  fired: string | null;
  resolved: string | null;
  told: string | null;
  flapping: boolean;
  changes: number;
  silenced_by: string | null;
  acknowledged: { by: string; comment: string; time: string } | null;
  deliveries: Way[];
}

export interface Silence {
  id: string;
  state: string; // active, to come, over
  matchers: string[];
  start: string;
  end: string;
  comment: string;
  author: string;
}

export interface Sink {
  name: string;
  kind: string;
  target: string;
  delivered: Figure;
  failures: Figure;
  refused: Figure;
  dropped: Figure;
  waiting: Figure;
  oldest_waiting_seconds: Figure;
  last_success: string | null;
  last_failure: string | null;
  last_error: string;
  failing_seconds: Figure;
}

export interface Alerts {
  time: string;
  firing: AlertRow[];
  pending: AlertRow[];
  resolved: AlertRow[];
  silences: Silence[];
  alerting: { sinks: Sink[]; outbox: { messages: Figure; trouble: string } };
  settings: { group_wait_seconds: Figure; repeat_interval_seconds: Figure };
}

const noAlert: AlertRow = {
  id: '',
  state: 'firing',
  rule: '',
  component: '',
  severity: 'warning',
  slot: null,
  message: '',
  since: null,
  fired: null,
  resolved: null,
  told: null,
  flapping: false,
  changes: 0,
  silenced_by: null,
  acknowledged: null,
  deliveries: [],
};

export function completeAlerts(raw: Partial<Alerts>): Alerts {
  const rows = (some: AlertRow[] | undefined) => (some ?? []).map((row): AlertRow => ({ ...noAlert, ...row, deliveries: row.deliveries ?? [] }));
  return {
    time: raw.time ?? '',
    firing: rows(raw.firing),
    pending: rows(raw.pending).map((row) => ({ ...row, state: 'pending', id: row.id || keyOf(row) })),
    resolved: rows(raw.resolved),
    silences: raw.silences ?? [],
    alerting: { sinks: raw.alerting?.sinks ?? [], outbox: raw.alerting?.outbox ?? { messages: null, trouble: '' } },
    settings: raw.settings ?? { group_wait_seconds: null, repeat_interval_seconds: null },
  };
}

export function keyOf(row: Pick<AlertRow, 'rule' | 'slot'>): string {
  return row.slot === null ? row.rule : `${row.rule}/${row.slot}`;
}

export async function fetchAlerts(): Promise<Alerts> {
  return completeAlerts((await fetchJson('api/v1/alerts')) as Partial<Alerts>);
}

export async function silence(matchers: string[], seconds: number, comment: string): Promise<void> {
  await change('api/v1/alerts/silences', { matchers, seconds, comment });
}

export async function expire(id: string): Promise<void> {
  await change('api/v1/alerts/silences', { expire: id });
}

export async function acknowledge(id: string, undo: boolean): Promise<void> {
  await change('api/v1/alerts/acknowledge', { id, undo });
}

export async function test(sink: string): Promise<void> {
  await change('api/v1/alerts/test', { sink });
}

// The state of an alert in one word, the most telling first.
export function stateWord(row: AlertRow): string {
  if (row.state === 'pending') return 'pending';
  if (row.state === 'resolved') return 'over';
  if (row.silenced_by !== null) return 'silenced';
  if (row.flapping) return 'flapping';
  return row.acknowledged ? 'acknowledged' : 'firing';
}

// Who has been told, and who has not yet: "told ops, mail; waits for slack".
export function toldWords(row: AlertRow): string {
  const newest = new Map<string, Way>();
  for (const way of row.deliveries) newest.set(way.sink, way);
  const named = (outcome: string) => [...newest.values()].filter((way) => way.outcome === outcome).map((way) => way.sink);
  const parts = [
    ['told', 'delivered'],
    ['waits for', 'waiting'],
    ['not taken by', 'refused'],
    ['no room for', 'dropped'],
  ].flatMap(([word, outcome]) => {
    const names = named(outcome!);
    return names.length ? [`${word} ${names.join(', ')}`] : [];
  });
  return parts.join('; ');
}

export function sinkState(sink: Sink): { tone: Tone; word: string } {
  if (sink.failing_seconds) return { tone: 'critical', word: 'fails' };
  if (sink.waiting) return { tone: 'info', word: 'sends' };
  return sink.delivered ? { tone: 'healthy', word: 'works' } : { tone: 'unknown', word: 'not used yet' };
}

// "rule=memory worker!=3" as the matchers of a silence; what is wrong with it, in words.
export function parseMatchers(text: string): { matchers: string[]; wrong: string } {
  const matchers = text.split(/[\s,]+/).filter(Boolean);
  if (!matchers.length) return { matchers, wrong: 'Say what to silence, such as rule=memory.' };
  const odd = matchers.find((matcher) => !/^((rule|component)!?=\S+|worker!?=\S*)$/.test(matcher));
  return { matchers, wrong: odd === undefined ? '' : `“${odd}” is not understood: rule=, component= or worker= and a value (!= as well, * for any text).` };
}

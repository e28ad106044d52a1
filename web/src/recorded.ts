// What the history has recorded over a span of time: figures, and what happened.
import { fetchJson } from './api';
import type { Figure } from './model';

export interface Band {
  unit: string;
  mean: Figure[];
  min: Figure[];
  max: Figure[];
}

export interface Spread {
  count: number[];
  p50: Figure[];
  p95: Figure[];
  p99: Figure[];
}

export interface Recorded {
  from: number; // seconds since 1970, as all times here
  until: number;
  step: number;
  resolution: number;
  time: number[]; // where each point begins
  metrics: Record<string, Band>;
  percentiles: Record<string, Spread>;
}

export const kinds = ['event', 'alert', 'setting', 'action', 'access'] as const;
export type Kind = (typeof kinds)[number];

export interface RecordedLine {
  number: number;
  time: string;
  kind: Kind;
  severity: 'info' | 'warning' | 'critical';
  name: string;
  actor: string;
  text: string;
  details: string;
}

export interface RecordedRoute {
  route: string;
  requests: number;
  errors: number;
  mean_seconds: Figure;
  p50_seconds: Figure;
  p95_seconds: Figure;
  p99_seconds: Figure;
}

// A span of time: the last `seconds` up to now, or from one moment to another.
export type Span = { seconds: number } | { from: number; until: number };

export const presets: readonly [word: string, seconds: number][] = [
  ['15 min', 900],
  ['1 h', 3600],
  ['6 h', 21_600],
  ['1 d', 86_400],
  ['7 d', 604_800],
  ['30 d', 2_592_000],
];

export function ends(span: Span, now: number): { from: number; until: number } {
  return 'seconds' in span ? { from: now - span.seconds, until: now } : span;
}

// Steps of which every resolution of the history is made.
const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];
const pointsWanted = 500;

// The step of some 200 to 500 points: a chart is no wider.
export function stepFor(seconds: number): number {
  return steps.find((step) => seconds / step <= pointsWanted) ?? Math.ceil(seconds / 2000);
}

// How often a chart of this span is worth being fetched anew.
export function everySeconds(seconds: number): number {
  return Math.min(600, Math.max(10, stepFor(seconds)));
}

// As the address of the page keeps it: "?range=3600", "?from=1763913598&until=1763917198".
export function spanOf(search: string): Span | null {
  const query = new URLSearchParams(search);
  const number = (name: string) => (query.has(name) ? Number(query.get(name)) : NaN);
  const [range, from, until] = [number('range'), number('from'), number('until')];
  if (presets.some(([, seconds]) => seconds === range)) return { seconds: range };
  return from > 0 && until > from && Number.isFinite(until) ? { from: Math.floor(from), until: Math.floor(until) } : null;
}

export function searchOf(span: Span): string {
  return 'seconds' in span ? `?range=${span.seconds}` : `?from=${span.from}&until=${span.until}`;
}

// The value of a field for date and time, in the reader's zone: "2026-11-29T14:00".
export function fieldValue(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

// Null: the two fields make no span.
export function ownSpan(from: string, until: string): Span | null {
  const [begin, end] = [Date.parse(from) / 1000, Date.parse(until) / 1000];
  return begin >= 0 && end > begin ? { from: Math.floor(begin), until: Math.floor(end) } : null;
}

export function exportAddress(span: Span, format: 'csv' | 'json', now: number): string {
  const { from, until } = ends(span, now);
  return `api/v1/history/export?format=${format}&from=${Math.floor(from)}&until=${Math.floor(until)}&step=${stepFor(until - from)}`;
}

const day = 86_400;

// A time on the axis of a chart of `span` seconds, in the reader's zone: "13:40", or "29 Nov" where a day begins or
// days are all that matters.
export function timeLabel(time: number, span: number): string {
  const date = new Date(time * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (span > 4 * day || (span > day / 2 && isMidnight)) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return span <= 300 ? `${clock}:${two(date.getSeconds())}` : clock;
}

// A mark where something happened; those that would lie within `pixels` of each other are one.
export interface Mark {
  time: number;
  kind: Kind;
  severity: RecordedLine['severity'];
  count: number;
}

const weight = { info: 0, warning: 1, critical: 2 };

export function marksOf(lines: readonly RecordedLine[], secondsPerMark: number): Mark[] {
  const marks: Mark[] = [];
  const byTime = lines.map((line) => ({ line, time: Date.parse(line.time) / 1000 })).sort((a, b) => a.time - b.time);
  for (const { line, time } of byTime) {
    const last = marks[marks.length - 1];
    if (last && time - last.time < secondsPerMark) {
      last.count++;
      if (weight[line.severity] > weight[last.severity]) {
        last.severity = line.severity;
        last.kind = line.kind;
      }
    } else {
      marks.push({ time, kind: line.kind, severity: line.severity, count: 1 });
    }
  }
  return marks;
}

export async function fetchRecorded(span: { from: number; until: number }, metrics: readonly string[]): Promise<Recorded> {
  const [from, until] = [Math.floor(span.from), Math.floor(span.until)];
  return (await fetchJson(`api/v1/history?from=${from}&until=${until}&step=${stepFor(until - from)}&metrics=${metrics.join(',')}`)) as Recorded;
}

export async function fetchLines(span: { from: number; until: number }, kind: Kind | '', before: number | null): Promise<{ records: RecordedLine[]; before: number | null }> {
  const query = `from=${Math.floor(span.from)}&until=${Math.floor(span.until)}&most=200${kind ? `&kind=${kind}` : ''}${before ? `&before=${before}` : ''}`;
  return (await fetchJson(`api/v1/records?${query}`)) as { records: RecordedLine[]; before: number | null };
}

export async function fetchRecordedRoutes(span: { from: number; until: number }): Promise<RecordedRoute[]> {
  const answer = (await fetchJson(`api/v1/history/routes?from=${Math.floor(span.from)}&until=${Math.floor(span.until)}`)) as { routes: RecordedRoute[] };
  return answer.routes;
}

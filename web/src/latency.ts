// api/v1/latency as a heat map: which cells there are, how warm each is, and the same in words.
import { clock, count, duration, integer } from './format';

// Counts by column (oldest first) and row. Row i holds durations from bounds[i - 1] to bounds[i];
// the last one has the longer ones too.
export interface Latency {
  interval_seconds: number;
  columns: number;
  bounds_seconds: number[];
  time: number[]; // when each column began, seconds since 1970
  counts: number[][];
}

export interface HeatMap {
  interval: number;
  time: number[];
  edges: number[]; // one more than rows; the first is above 0, so that it has a logarithm
  open: boolean; // whether the last row has no end
  counts: number[][]; // by column and row
  most: number; // requests in the fullest cell
  requests: number;
}

const fewestRows = 8; // a map of one row says nothing
export const heatSteps = 6;

// The rows that have requests, and some around them where these are few.
export function heatMap(latency: Latency): HeatMap {
  const { bounds_seconds: bounds, counts, time } = latency;
  const rows = bounds.length;
  const used = bounds.map((_, row) => counts.some((column) => (column[row] ?? 0) > 0));
  let first = used.indexOf(true);
  let last = used.lastIndexOf(true);
  if (first < 0) [first, last] = [0, Math.min(rows, fewestRows) - 1];
  while (last - first + 1 < Math.min(fewestRows, rows)) {
    if (last < rows - 1) last++;
    if (last - first + 1 < fewestRows && first > 0) first--;
  }
  const cut = counts.map((column) => bounds.slice(first, last + 1).map((_, i) => column[first + i] ?? 0));
  const all = cut.flat();
  return {
    interval: latency.interval_seconds || 10,
    time,
    edges: rows ? [lowest(bounds, first), ...bounds.slice(first, last + 1)] : [],
    open: last === rows - 1,
    counts: cut,
    most: all.reduce((most, n) => Math.max(most, n), 0),
    requests: all.reduce((sum, n) => sum + n, 0),
  };
}

// The row below the first bound reaches down to 0, which has no place on a logarithmic axis: it is
// drawn as high as the one above it.
function lowest(bounds: number[], first: number): number {
  if (first > 0) return bounds[first - 1]!;
  const [a, b] = bounds;
  return b ? (a! * a!) / b : a! / 2;
}

const bend = 1.5; // most cells are within a tenth of the fullest: these differ more, single requests less

// 1 (a single request) .. heatSteps (the fullest cell); 0: none. Logarithmic: one slow request among
// thousands is seen.
export function heatStep(requests: number, most: number): number {
  if (requests <= 0) return 0;
  if (most <= 1) return heatSteps;
  return 1 + Math.round((Math.log(requests) / Math.log(most)) ** bend * (heatSteps - 1));
}

// Where the duration stands on the axis: 0 at the bottom .. 1 at the top.
export function heightOf(seconds: number, edges: readonly number[]): number {
  const [low, high] = [edges[0]!, edges[edges.length - 1]!];
  return Math.min(1, Math.max(0, Math.log(seconds / low) / Math.log(high / low)));
}

const decades = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10];
const between = [2e-6, 5e-6, 2e-5, 5e-5, 2e-4, 5e-4, 2e-3, 5e-3, 0.02, 0.05, 0.2, 0.5, 2, 5, 20, 60];

// Round durations for the axis: those between the decades only where they are no more than `most`.
export function axisDurations(edges: readonly number[], most: number): number[] {
  const [low, high] = [edges[0] ?? 1, edges[edges.length - 1] ?? 1];
  const inside = (durations: readonly number[]) => durations.filter((seconds) => seconds >= low && seconds <= high);
  const all = inside([...decades, ...between]).sort((a, b) => a - b);
  return all.length <= most ? all : inside(decades);
}

export function rangeWords(map: HeatMap, row: number): string {
  const [from, to] = [map.edges[row]!, map.edges[row + 1]!];
  if (map.open && row === map.edges.length - 2) return `${duration(from)} or longer`;
  return `${duration(from)} to ${duration(to)}`;
}

export function timeWords(map: HeatMap, column: number): string {
  const time = map.time[column]!;
  return `${clock(time * 1000)} to ${clock((time + map.interval) * 1000)}`;
}

export function cellWords(map: HeatMap, column: number, row: number): string {
  const requests = map.counts[column]?.[row] ?? 0;
  const all = (map.counts[column] ?? []).reduce((sum, n) => sum + n, 0);
  const of = all > 0 ? ` of ${integer(all)}` : '';
  return `${timeWords(map, column)}, ${rangeWords(map, row)}: ${integer(requests)}${of} ${all === 1 || (!of && requests === 1) ? 'request' : 'requests'}`;
}

// The map in one sentence or two.
export function summary(map: HeatMap): string {
  const minutes = Math.round((map.time.length * map.interval) / 60);
  if (map.requests === 0) return `No request in the last ${minutes} minutes.`;
  const rows = map.edges.slice(1).map((_, row) => map.counts.reduce((sum, column) => sum + (column[row] ?? 0), 0));
  const common = rows.indexOf(Math.max(...rows));
  const slowest = rows.reduce((found, n, row) => (n > 0 ? row : found), 0);
  const when = map.counts.reduce((found, column, i) => ((column[slowest] ?? 0) > 0 ? i : found), 0);
  const most = `most often ${rangeWords(map, common)} (${integer(rows[common])})`;
  const tail = `the slowest ${rangeWords(map, slowest)} (${integer(rows[slowest])}, last from ${clock(map.time[when]! * 1000)})`;
  return `${integer(map.requests)} ${map.requests === 1 ? 'request' : 'requests'} in the last ${minutes} minutes: ${common === slowest ? most : `${most}, ${tail}`}.`;
}

// What the colours of the legend stand for: 1, 4, 16, ...
export function legendCounts(most: number): string[] {
  if (most <= 0) return [];
  const at = (step: number) => Math.round(Math.exp(Math.log(Math.max(2, most)) * ((step - 1) / (heatSteps - 1)) ** (1 / bend)));
  return Array.from({ length: heatSteps }, (_, i) => count(most === 1 ? 1 : at(i + 1)));
}

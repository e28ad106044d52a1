import { describe, expect, it } from 'vitest';
import { axisDurations, cellWords, heatMap, heatStep, heatSteps, heightOf, legendCounts, rangeWords, summary, type Latency } from './latency';

const bounds = Array.from({ length: 22 }, (_, i) => 0.001 * 2 ** i);
const empty = (): number[] => bounds.map(() => 0);
const plain = (text: string) => text.replace(/\u00a0/g, ' ');

function latency(...cells: [column: number, row: number, count: number][]): Latency {
  const counts = Array.from({ length: 90 }, empty);
  for (const [column, row, count] of cells) counts[column]![row] = count;
  return { interval_seconds: 10, columns: 90, bounds_seconds: bounds, time: counts.map((_, i) => 1_700_000_000 + i * 10), counts };
}

describe('heat map', () => {
  it('shows the rows between the fastest and the slowest request', () => {
    const map = heatMap(latency([89, 2, 100], [80, 15, 1]));
    expect(map.edges[0]).toBeCloseTo(0.002);
    expect(map.edges.at(-1)).toBeCloseTo(0.001 * 2 ** 15);
    expect(map.counts[89]![0]).toBe(100);
    expect(map.counts[80]!.at(-1)).toBe(1);
    expect([map.most, map.requests, map.open]).toEqual([100, 101, false]);
  });

  it('shows some rows around few', () => {
    expect(heatMap(latency([1, 10, 1])).edges).toHaveLength(9);
    expect(heatMap(latency([1, 21, 1])).open).toBe(true);
    expect(heatMap(latency()).edges).toHaveLength(9);
    expect(heatMap({ ...latency(), bounds_seconds: [], counts: [], time: [] }).edges).toEqual([]);
  });

  it('gives the row that begins at 0 a height on the logarithmic axis', () => {
    const { edges } = heatMap(latency([0, 0, 1]));
    expect(edges[0]).toBeCloseTo(0.0005);
    expect(heightOf(0, edges)).toBe(0);
    expect(heightOf(edges.at(-1)!, edges)).toBe(1);
    expect(heightOf(Math.sqrt(edges[0]! * edges.at(-1)!), edges)).toBeCloseTo(0.5);
  });

  it.each([
    [0, 1000, 0],
    [1, 1000, 1],
    [100, 1000, 4],
    [1000, 1000, heatSteps],
    [1, 1, heatSteps],
  ])('colours %d of %d requests by step %d', (requests, most, step) => expect(heatStep(requests, most)).toBe(step));

  it('says what the colours stand for', () => {
    expect(legendCounts(0)).toEqual([]);
    expect(legendCounts(100_000).map(plain)).toEqual(['1', '51', '518', '3.6 k', '20.4 k', '100 k']);
  });

  it('says a cell in words', () => {
    const map = heatMap(latency([89, 2, 5], [89, 3, 1], [80, 15, 1]));
    expect(plain(cellWords(map, 89, 0))).toMatch(/^\d\d:\d\d:\d\d to \d\d:\d\d:\d\d, 2 ms to 4 ms: 5 of 6 requests$/);
    expect(plain(cellWords(map, 0, 0))).toMatch(/: 0 requests$/);
    expect(plain(rangeWords(heatMap(latency([0, 21, 1])), 7))).toMatch(/ or longer$/);
  });

  it('says the map in words', () => {
    expect(summary(heatMap(latency()))).toBe('No request in the last 15 minutes.');
    const words = plain(summary(heatMap(latency([89, 2, 5], [80, 15, 1]))));
    expect(words).toMatch(/^6 requests in the last 15 minutes: most often 2 ms to 4 ms \(5\), the slowest 16.4 s to 32.8 s \(1, last from \d\d:\d\d:\d\d\)\.$/);
  });

  it('has few round durations on the axis', () => {
    expect(axisDurations([0.0008, 0.012], 6)).toEqual([0.001, 0.002, 0.005, 0.01]);
    expect(axisDurations([0.0008, 70], 6)).toEqual([0.001, 0.01, 0.1, 1, 10]);
  });
});

import { describe, expect, it } from 'vitest';
import { HistoryBuffer } from './history';
import type { History } from './model';

function points(time: number[], rps: (number | null)[] = time): History {
  return { interval_seconds: 1, series: { time, requests_per_second: rps } };
}

describe('HistoryBuffer', () => {
  it('begins with the history and goes on with what is newer', () => {
    const buffer = new HistoryBuffer(900);
    buffer.load(points([100, 101], [5, null]));
    buffer.add(points([100.1, 101, 102], [9, 9, 7]));
    expect(buffer.time).toEqual([100, 101, 102]);
    expect(buffer.column('requests_per_second')).toEqual([5, null, 7]);
    expect(buffer.column('memory_bytes')).toEqual([null, null, null]);
  });

  it('knows how much it lacks', () => {
    const buffer = new HistoryBuffer(900);
    expect(buffer.missing(100)).toBe(900);
    buffer.load(points([100]));
    expect(buffer.missing(99)).toBe(0);
    expect(buffer.missing(100.3)).toBe(0); // a second snapshot within the second
    expect(buffer.missing(101.01)).toBe(1);
    expect(buffer.missing(5000)).toBe(900);
  });

  it('leaves a gap where points are missing', () => {
    const buffer = new HistoryBuffer(900);
    buffer.load(points([100, 110], [3, 4]));
    expect(buffer.column('requests_per_second')).toEqual([3, null, 4]);
  });

  it('keeps the newest points only', () => {
    const buffer = new HistoryBuffer(3);
    for (let t = 0; t < 10; t++) buffer.add(points([100 + t], [t]));
    expect(buffer.column('requests_per_second')).toEqual([7, 8, 9]);
    expect(buffer.length).toBe(3);
  });

  it('forgets the past when it is loaded anew', () => {
    const buffer = new HistoryBuffer(3);
    buffer.load(points([200]));
    buffer.load(points([100]));
    expect(buffer.time).toEqual([100]);
  });
});

import { describe, expect, it } from 'vitest';
import { names } from './components/range-charts';
import { ends, everySeconds, exportAddress, fieldValue, marksOf, ownSpan, presets, searchOf, spanOf, stepFor, timeLabel, type RecordedLine } from './recorded';

const line = (time: string, severity: RecordedLine['severity'] = 'info', kind: RecordedLine['kind'] = 'event'): RecordedLine => ({
  number: 1,
  time,
  kind,
  severity,
  name: 'worker_started',
  actor: '',
  text: '',
  details: '',
});

describe('a span of time', () => {
  it('is kept in the address', () => {
    for (const [, seconds] of presets) expect(spanOf(searchOf({ seconds }))).toEqual({ seconds });
    expect(spanOf(searchOf({ from: 1000, until: 2000 }))).toEqual({ from: 1000, until: 2000 });
  });

  it('is none where the address says nonsense', () => {
    for (const search of ['', '?range=7', '?from=2000&until=1000', '?from=abc&until=1', '?from=1', '?range=']) expect(spanOf(search)).toBeNull();
  });

  it('ends now when it is the last hours', () => {
    expect(ends({ seconds: 900 }, 5000)).toEqual({ from: 4100, until: 5000 });
    expect(ends({ from: 1, until: 2 }, 5000)).toEqual({ from: 1, until: 2 });
  });

  it('comes from two fields, unless they are the wrong way round or empty', () => {
    const from = fieldValue(1_795_450_800);
    const until = fieldValue(1_795_454_400);
    expect(ownSpan(from, until)).toEqual({ from: 1_795_450_800, until: 1_795_454_400 });
    expect(ownSpan(until, from)).toBeNull();
    expect(ownSpan('', until)).toBeNull();
  });
});

describe('the step', () => {
  it('gives 200 to 500 points for each span of the picker', () => {
    for (const [, seconds] of presets) {
      const points = seconds / stepFor(seconds);
      expect(points, String(seconds)).toBeGreaterThanOrEqual(150);
      expect(points, String(seconds)).toBeLessThanOrEqual(500);
    }
  });

  it('is never so fine that the answer would be refused', () => {
    for (const seconds of [1, 60, 86_400 * 400, 86_400 * 36_500]) expect(seconds / stepFor(seconds)).toBeLessThanOrEqual(2000);
  });

  it('says how often to look again', () => {
    expect(everySeconds(900)).toBe(10);
    expect(everySeconds(86_400 * 30)).toBe(600);
  });
});

describe('marks', () => {
  it('that lie close together are one, of the worst kind', () => {
    const lines = [line('2026-11-29T13:00:30Z', 'critical', 'alert'), line('2026-11-29T13:00:00Z'), line('2026-11-29T13:10:00Z')];
    expect(marksOf(lines, 60)).toEqual([
      { time: Date.parse('2026-11-29T13:00:00Z') / 1000, kind: 'alert', severity: 'critical', count: 2 },
      { time: Date.parse('2026-11-29T13:10:00Z') / 1000, kind: 'event', severity: 'info', count: 1 },
    ]);
  });
});

it('labels the axis with clock times, and with days where these matter', () => {
  const noon = new Date(2026, 10, 29, 12, 30, 5).getTime() / 1000;
  const midnight = new Date(2026, 10, 29).getTime() / 1000;
  expect(timeLabel(noon, 60)).toBe('12:30:05');
  expect(timeLabel(noon, 3600)).toBe('12:30');
  expect(timeLabel(midnight, 3600)).toBe('00:00');
  expect(timeLabel(midnight, 86_400)).toBe('29 Nov');
  expect(timeLabel(noon, 30 * 86_400)).toBe('29 Nov');
});

it('exports what is shown', () => {
  expect(exportAddress({ seconds: 3600 }, 'csv', 10_000)).toBe('api/v1/history/export?format=csv&from=6400&until=10000&step=10');
});

it('asks for each name once', () => {
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('request_seconds');
});

import { describe, expect, it } from 'vitest';
import { evidencePage, trendLines } from './advice';
import type { Recommendation, Trend } from './model';

const trend: Trend = { unit: 'bytes', now: 5e8, slope_per_hour: 1.2e7, slope_low_per_hour: 1e7, slope_high_per_hour: 1.4e7, window_seconds: 900, reaches_critical_seconds: 7200, reason: '' };
const plain = (text: string) => text.replace(/\u00a0/g, ' ');

describe('trendLines', () => {
  it('says the slope and when it becomes critical', () => {
    const [line] = trendLines({ memory_bytes: trend });
    expect(plain(line!.slope)).toBe('+12 MB an hour');
    expect(plain(line!.remark)).toBe('critical in 2 h 00 min at this pace');
    expect(line!.rising).toBe(true);
  });

  it('shows a fall with a minus and without a remark', () => {
    const [line] = trendLines({ p95_seconds: { ...trend, unit: 'seconds', slope_per_hour: -0.5, reaches_critical_seconds: null } });
    expect(plain(line!.slope)).toBe('−500 ms an hour');
    expect(line!.remark).toBe('');
    expect(line!.rising).toBe(false);
  });

  it('says why there is none', () => {
    const [line] = trendLines({ accept_queue: { ...trend, unit: 'count', slope_per_hour: null, reason: 'level' } });
    expect(line).toMatchObject({ slope: 'no trend', remark: 'level', rising: false });
  });
});

describe('evidencePage', () => {
  it('links only to pages that there are', () => {
    expect(evidencePage({ page: '/routes' } as Recommendation)).toEqual({ path: '/routes', name: 'Routes' });
    expect(evidencePage({ page: 'javascript:alert(1)' } as Recommendation)).toBeNull();
    expect(evidencePage({ page: '' } as Recommendation)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { breakdown, ofRequest, ofRoute } from './breakdown';
import { noTime } from './complete';
import type { Route } from './model';

const named = (b: ReturnType<typeof breakdown>) => Object.fromEntries(b.slices.map((s) => [s.name, Number(s.share.toFixed(3))]));

describe('breakdown', () => {
  it('shares add up to one, in the order in which a request meets them', () => {
    const whole = breakdown({ sql: 0.5, queue: 0.25, application: 0.25, http: 0 });
    expect(whole.slices.map((s) => s.name)).toEqual(['queue', 'application', 'sql']);
    expect(named(whole)).toEqual({ queue: 0.25, application: 0.25, sql: 0.5 });
  });

  it('has no slice where no time went', () => {
    expect(breakdown({ application: 0, sql: null })).toEqual({ seconds: 0, slices: [] });
  });

  it('gives the application what is left of a request’s duration; the queue comes on top', () => {
    const request = ofRequest({ duration_seconds: 4, queue_seconds: 1, parts: { sql: 3 }, calls: { sql: 12 } });
    expect(request.seconds).toBe(5);
    expect(named(request)).toEqual({ queue: 0.2, application: 0.2, sql: 0.6 });
    expect(request.slices.at(-1)!.calls).toBe(12);
  });

  it('overlapping parts leave nothing below zero', () => {
    const request = ofRequest({ duration_seconds: 1, queue_seconds: null, parts: { sql: 0.9, lock: 0.6 }, calls: {} });
    expect(named(request)).toEqual({ sql: 0.6, lock: 0.4 });
  });

  it('knows a route without a request in the last minute', () => {
    expect(ofRoute({ time: noTime } as Route)).toBeNull();
    expect(ofRoute({ time: { ...noTime, application: 0.002 } } as Route)!.seconds).toBe(0.002);
  });
});

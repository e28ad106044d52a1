import { describe, expect, it } from 'vitest';
import { complete } from './complete';
import type { InFlight, Route, Snapshot } from './model';

describe('complete', () => {
  it('fills what an older supervisor leaves out', () => {
    const older = complete({ in_flight: [{ slot: 1, phase: 'handling' }], routes: [{ route: 'GET /' }] } as unknown as Snapshot);
    expect(older.traffic).toMatchObject({ saturation: null, shed_level: 0, queue: { p95_seconds: null } });
    expect(older.in_flight[0]).toMatchObject({ activity: 'application', parts: {}, stuck: '', queue_seconds: null } satisfies Partial<InFlight>);
    expect(older.routes[0]).toMatchObject({ refused: null, time: { sql: null } } as Partial<Route>);
    expect([older.hosts, older.slow_requests, older.workers]).toEqual([[], [], []]);
  });
  it('keeps what is there', () => {
    const newer = complete({ traffic: { shed_level: 2, queue: { p95_seconds: 0.4 } } } as unknown as Snapshot);
    expect(newer.traffic).toMatchObject({ shed_level: 2, queue: { p95_seconds: 0.4, p50_seconds: null } });
  });
});

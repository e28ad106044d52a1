import { describe, expect, it } from 'vitest';
import type { Connection } from './connections';
import { Holds, place } from './holds';

const held = (more: Partial<Connection> = {}): Connection => ({
  pid: 1, slot: 0, pool: 'shop', number: 1, state: 'active', leak: 'none', lane: 'request', age_seconds: 100, state_seconds: 2, transaction_seconds: null, statements: 1, route: 'GET /', thread: 10, target: '', holder: 'session', stack: [], ...more,
});

describe('Holds', () => {
  it('follows a hold from look to look, whatever its start seems to be each time', () => {
    const holds = new Holds();
    holds.look([held({ state_seconds: 2 })], 100);
    holds.look([held({ state_seconds: 4.4, statements: 7 })], 102);
    const [lane] = holds.all();
    expect(lane!.holds).toHaveLength(1);
    expect(lane!.holds[0]).toMatchObject({ start: 98, end: 102, now: true, of: { statements: 7 } });
  });

  it('tells one hold from the next of the same connection', () => {
    const holds = new Holds();
    holds.look([held({ state_seconds: 2 })], 100);
    holds.look([held({ state_seconds: 0.5 })], 102);
    holds.look([held({ state_seconds: 2.5, route: 'GET /other' })], 104);
    const [lane] = holds.all();
    expect(lane!.holds.map(({ start, end, now }) => [start, end, now])).toEqual([[98, 100, false], [101.5, 101.5, false], [101.5, 104, true]]);
    expect(new Set(lane!.holds.map((hold) => hold.id)).size).toBe(3);
  });

  it('remembers what came back for a minute', () => {
    const holds = new Holds();
    holds.look([held()], 100);
    holds.look([held({ state: 'idle', route: '', state_seconds: 0.1 })], 102);
    expect(holds.all()[0]!.holds[0]).toMatchObject({ now: false, end: 100 });
    holds.look([], 159);
    expect(holds.all()).toHaveLength(1);
    holds.look([], 160);
    expect(holds.all()).toEqual([]);
  });

  it('keeps connections of equal number in different workers and pools apart', () => {
    const holds = new Holds();
    holds.look([held(), held({ pid: 2 }), held({ pool: 'reports' })], 100);
    expect(holds.all()).toHaveLength(3);
  });

  it('puts what is held longest first, and what came back last', () => {
    const holds = new Holds();
    holds.look([held({ number: 1, state_seconds: 90 }), held({ number: 2, state_seconds: 1 })], 100);
    holds.look([held({ number: 2, state_seconds: 3 }), held({ number: 3, state_seconds: 40 })], 102);
    expect(holds.all().map((lane) => lane.holds[0]!.of.number)).toEqual([3, 2, 1]);
  });
});

describe('place of a hold', () => {
  it('is in percent of the last minute', () => {
    expect(place({ start: 70, end: 100, now: true }, 100)).toEqual({ left: 50, width: 50, cut: false });
    expect(place({ start: 70, end: 85, now: false }, 100)).toEqual({ left: 50, width: 25, cut: false });
  });

  it('is cut where it began before', () => {
    expect(place({ start: -500, end: 100, now: true }, 100)).toEqual({ left: 0, width: 100, cut: true });
    expect(place({ start: 0, end: 30, now: false }, 100)).toEqual({ left: 0, width: 0, cut: true });
  });
});

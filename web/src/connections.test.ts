import { describe, expect, it } from 'vitest';
import { completeConnections, holderWord, leakAdvice, leakWord, outcome, takenBy, type Connections } from './connections';

describe('the answer', () => {
  it('is filled up where a supervisor leaves something out', () => {
    const partly = { pools: [{ name: 'shop' }], connections: [{ pid: 1, route: null, lane: null }], leaks: [{ count: 1, route: null }], databases: [{ name: 'db' }] } as unknown as Partial<Connections>;
    const full = completeConnections(partly);
    expect(full.pools[0]).toMatchObject({ name: 'shop', counters: {}, targets: [], waiting: { request: 0, task: 0 }, wait: { p95_seconds: null }, capacity: null });
    expect(full.connections[0]).toMatchObject({ pid: 1, route: '', lane: '', holder: '', stack: [] });
    expect(full.leaks[0]).toMatchObject({ count: 1, route: '', stack: [] });
    expect(full.databases[0]!.long_running).toEqual([]);
    expect([full.slow_queries, full.advice]).toEqual([[], []]);
    expect(completeConnections({}).pools).toEqual([]);
  });
});

describe('words', () => {
  it('names each kind of leak, and none where there is none', () => {
    expect(['suspect', 'confirmed', 'collected'].map((kind) => leakWord(kind)!.word)).toEqual(['held too long', 'leaked', 'not closed']);
    expect([leakWord('none'), leakWord(''), leakWord(null)]).toEqual([null, null, null]);
    expect(leakWord('odd')!.word).toBe('odd');
  });

  it('names what took the connection, however it is spelt', () => {
    expect(holderWord('session')).toBe('an ORM session');
    expect(holderWord('flask_session')).toBe('a Flask-SQLAlchemy session');
    expect(holderWord('Flask session')).toBe(holderWord('flask_session'));
    expect(holderWord('unknown')).toBe('not known');
    expect(takenBy('GET /x', 'request')).toBe('GET /x');
    expect(takenBy('', 'task')).toBe('a task');
    expect(takenBy('')).toBe('outside any request');
  });

  it('advises by what took it', () => {
    expect(leakAdvice({ kind: 'confirmed', holder: 'connection' })).toContain('with engine.connect()');
    expect(leakAdvice({ kind: 'collected', holder: 'raw' })).toContain('raw_connection');
    expect(leakAdvice({ kind: 'confirmed', holder: 'unknown' })).toContain('context manager');
    expect(leakAdvice({ kind: 'suspect', holder: 'session' })).toContain('pool_leak_threshold');
  });

  it('says what became of the leaks of a place', () => {
    expect(outcome({ kind: 'confirmed', count: 9, returned: 5, reclaimed: 1 })).toEqual({ held: 3, text: '3 still held · 5 came back · 1 reclaimed' });
    expect(outcome({ kind: 'confirmed', count: 2, returned: 2, reclaimed: 0 })).toEqual({ held: 0, text: '2 came back' });
    expect(outcome({ kind: 'collected', count: 4, returned: 0, reclaimed: 0 })).toEqual({ held: 0, text: '4 collected' });
    expect(outcome({ kind: 'confirmed', count: 1, returned: 3, reclaimed: 0 }).held).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { filtered, sorted } from './sort';

const rows = [
  { name: 'GET /item/10', p95: 0.2 },
  { name: 'POST /cart', p95: null },
  { name: 'GET /item/9', p95: 0.5 },
  { name: 'GET /', p95: 0.2 },
];

describe('sorted', () => {
  it('puts what was not measured last in either order', () => {
    expect(sorted(rows, (r) => r.p95, 'descending').map((r) => r.p95)).toEqual([0.5, 0.2, 0.2, null]);
    expect(sorted(rows, (r) => r.p95, 'ascending').map((r) => r.p95)).toEqual([0.2, 0.2, 0.5, null]);
  });

  it('keeps the order of equal rows', () => {
    expect(sorted(rows, (r) => r.p95, 'descending')[1]!.name).toBe('GET /item/10');
    expect(sorted(rows, (r) => r.p95, 'ascending')[0]!.name).toBe('GET /item/10');
  });

  it('sorts numbers within text as numbers, and leaves its input alone', () => {
    const names = sorted(rows, (r) => r.name, 'ascending').map((r) => r.name);
    expect(names.indexOf('GET /item/9')).toBeLessThan(names.indexOf('GET /item/10'));
    expect(rows[0]!.name).toBe('GET /item/10');
  });
});

describe('filtered', () => {
  it('wants every word, in any case', () => {
    expect(filtered(rows, 'ITEM get', (r) => r.name)).toHaveLength(2);
    expect(filtered(rows, 'item post', (r) => r.name)).toHaveLength(0);
  });

  it('gives all rows for an empty filter', () => expect(filtered(rows, '  ', (r) => r.name)).toHaveLength(4));
});

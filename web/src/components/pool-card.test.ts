import { describe, expect, it } from 'vitest';
import { completeConnections, type PoolDetail } from '../connections';
import { drawPool, newPool } from './pool-card';

const target = { name: 'db.example.org:3306', readonly: false, connections: 2, breakers_open: 0, connects: 4, failures: 0, connect_mean_seconds: 0.003, unavailable_seconds: 0, last_error: '' };
const pool = (more: object): PoolDetail =>
  completeConnections({ pools: [{ name: 'mysql://db/<i>shop', fair: true, workers: 1, size: 5, max_overflow: 0, capacity: 5, idle: 1, active: 2, wait: { p50_seconds: 0, p95_seconds: 2, p99_seconds: 2, max_seconds: 3 }, counters: { timeouts: 3 }, targets: [target], ...more } as unknown as PoolDetail] }).pools[0]!;
const limits = { warnFrom: 0.9, waitFrom: 1, readAt: Date.parse('2026-01-02T03:04:05') };

describe('pool card', () => {
  const element = newPool();
  const text = (selector: string) => element.querySelector(selector)!.textContent!.replace(/\u00a0/g, ' ');

  it('shows the use, the waits that are too long, the counters and the servers', () => {
    drawPool(element, pool({}), limits);
    expect(text('.pool-name')).toBe('mysql://db/<i>shop');
    expect(element.querySelector('.use-bar')!.getAttribute('aria-label')).toContain('2 in use, 0 connecting, 1 idle, 2 free, 0 waiting');
    const late = [...element.querySelectorAll('.fact[data-tone]')].map((fact) => fact.textContent);
    expect(late).toEqual(['Wait p952\u00a0s']);
    expect(text('.counters')).toBe('3 gave up: waited until their deadline');
    expect(text('.target .pill-word')).toBe('in use');
  });

  it('says what troubles a server, and takes it back', () => {
    drawPool(element, pool({ targets: [{ ...target, breakers_open: 1, failures: 1, last_error: 'OperationalError 2003' }] }), limits);
    expect(text('.target')).toContain('refused at once');
    expect(text('.target')).toContain('1 failure, the last OperationalError 2003');
    expect(text('.pool-marks')).toBe('db.example.org:3306 unavailable');
    drawPool(element, pool({}), limits);
    expect(text('.pool-marks')).toBe('');
  });

  it('shows no waits of a pool whose waits nobody sees, and nothing that only the supervisor tells', () => {
    const { counters: _, targets: __, ...brief } = pool({ fair: false });
    drawPool(element, brief, limits);
    expect([...element.querySelectorAll('dt')].map((term) => term.textContent)).not.toContain('Wait p95');
    expect(element.querySelector<HTMLElement>('.counters')!.hidden).toBe(true);
    expect(element.querySelector<HTMLElement>('.targets')!.hidden).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { complete } from './complete';
import { componentRows } from './health-matrix';
import type { Snapshot } from './model';

function snapshot(): Snapshot {
  return complete({
    time: '2026-11-29T12:00:00Z',
    workers: [
      { slot: 0, pid: 11, state: 'busy', status: 'healthy', reason: '', in_flight: 2, oldest_request_seconds: 7, rss_bytes: 4e7, pss_bytes: 3e7, cpu_ratio: 0.5, queue_delay_seconds: 0.2 },
      { slot: 1, pid: 12, state: 'lock_held', status: 'critical', reason: 'interpreter lock held for 3 s', in_flight: 0, rss_bytes: 5e7, pss_bytes: null, cpu_ratio: null, queue_delay_seconds: null },
    ],
    health: {
      overall_status: 'critical',
      components: { cpu: 'healthy', memory: 'healthy', requests: 'warning', workers: 'critical', database: 'warning' },
      component_reasons: { workers: '1 of 2 workers is hung', requests: 'a request is stuck', database: 'one server of two' },
      alerts: [
        { rule: 'lock_wait', component: 'workers', severity: 'critical', slot: 1, message: 'lock held', since: '2026-11-29T11:59:00Z', value: 3, threshold: 0.5 },
        { rule: 'stuck_request', component: 'requests', severity: 'warning', slot: 0, message: 'GET /x has run for 7 s', since: '2026-11-29T11:58:00Z', value: 7, threshold: 5 },
      ],
      dependencies: [{ component: 'database', kind: 'pool', name: 'mysql://db.example/shop', status: 'warning', reason: '1 of 2 servers' }],
    },
  } as unknown as Snapshot);
}

describe('componentRows', () => {
  it('puts the worst first, then goes by name', () => {
    expect(componentRows(snapshot()).map((row) => row.name)).toEqual(['workers', 'database', 'requests', 'cpu', 'memory']);
  });

  it('says of each worker what belongs to the component', () => {
    const rows = Object.fromEntries(componentRows(snapshot()).map((row) => [row.name, row]));
    expect(rows.memory!.cells.map((cell) => cell.figure.replace('\u00a0', ' '))).toEqual(['30 MB', '50 MB']);
    expect(rows.requests!.cells.map((cell) => cell.figure.replace('\u00a0', ' '))).toEqual(['2, oldest 7 s', 'none']);
    expect(rows.cpu!.cells[1]!.figure).toBe('–');
    expect(rows.database!.cells.map((cell) => cell.figure)).toEqual(['', '']);
  });

  it('marks only the worker that is meant, with its reason', () => {
    const rows = Object.fromEntries(componentRows(snapshot()).map((row) => [row.name, row]));
    expect(rows.requests!.cells.map((cell) => cell.status)).toEqual(['warning', 'healthy']);
    expect(rows.requests!.cells[0]!.reason).toContain('GET /x');
    expect(rows.workers!.cells.map((cell) => cell.status)).toEqual(['healthy', 'critical']);
    expect(rows.workers!.since).toBe('2026-11-29T11:59:00Z');
    expect(rows.workers!.rules).toEqual(['lock_wait']);
  });

  it('names what a component depends on', () => {
    const database = componentRows(snapshot()).find((row) => row.name === 'database')!;
    expect(database.dependsOn).toEqual([{ name: 'mysql://db.example/shop', status: 'warning', reason: '1 of 2 servers' }]);
    expect(database.since).toBe('');
  });
});

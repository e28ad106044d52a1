import { expect, test } from 'vitest';
import { exportState, type Export } from './exports';

const row: Export = {
  name: 'collector',
  kind: 'otlp',
  target: 'http://127.0.0.1:4318',
  sent: 12,
  failures: 1,
  refused: 0,
  dropped: 0,
  waiting: 3,
  behind_seconds: 4,
  last_success: '2026-11-23T16:20:00.123Z',
  failing_since: null,
  error: '',
};

test('the newest attempt says how an export fares', () => {
  expect(exportState(row).word).toBe('works');
  expect(exportState({ ...row, failing_since: '2026-11-23T16:21:00.000Z' })).toEqual({ tone: 'critical', word: 'fails' });
  expect(exportState({ ...row, last_success: null }).word).toBe('nothing sent yet');
});

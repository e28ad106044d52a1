import { describe, expect, it } from 'vitest';
import { completeAlerts, keyOf, parseMatchers, sinkState, stateWord, toldWords, type AlertRow, type Sink } from './alerts';

const row = (some: Partial<AlertRow>): AlertRow => completeAlerts({ firing: [{ rule: 'memory', state: 'firing', ...some } as AlertRow] }).firing[0]!;

describe('alerts', () => {
  it('an older or broken answer is complete', () => {
    const alerts = completeAlerts({});
    expect(alerts.firing).toEqual([]);
    expect(alerts.alerting.sinks).toEqual([]);
    expect(completeAlerts({ pending: [{ rule: 'cpu' } as AlertRow] }).pending[0]).toMatchObject({ state: 'pending', id: 'cpu' });
  });

  it('one word says the state', () => {
    expect(stateWord(row({}))).toBe('firing');
    expect(stateWord(row({ acknowledged: { by: 'x', comment: '', time: '' } }))).toBe('acknowledged');
    expect(stateWord(row({ flapping: true }))).toBe('flapping');
    expect(stateWord(row({ flapping: true, silenced_by: 's1' }))).toBe('silenced');
    expect(stateWord(row({ state: 'resolved', silenced_by: 's1' }))).toBe('over');
  });

  it('the newest delivery of each sink counts', () => {
    const way = (sink: string, outcome: string) => ({ sink, outcome, event: 'firing', time: null });
    expect(toldWords(row({}))).toBe('');
    expect(toldWords(row({ deliveries: [way('ops', 'delivered'), way('mail', 'delivered'), way('ops', 'waiting')] }))).toBe('told mail; waits for ops');
    expect(toldWords(row({ deliveries: [way('ops', 'refused')] }))).toBe('not taken by ops');
  });

  it('a worker is a part of the key', () => {
    expect(keyOf({ rule: 'lock_wait', slot: 0 })).toBe('lock_wait/0');
    expect(keyOf({ rule: 'memory', slot: null })).toBe('memory');
  });

  it('matchers', () => {
    expect(parseMatchers('rule=mem*, worker!=3')).toEqual({ matchers: ['rule=mem*', 'worker!=3'], wrong: '' });
    expect(parseMatchers('worker=').wrong).toBe('');
    for (const wrong of ['', ' ', 'memory', 'severity=critical', 'rule=']) expect(parseMatchers(wrong).wrong).not.toBe('');
  });

  it('a sink works, fails, sends or was not used', () => {
    const sink = (some: Partial<Sink>) => sinkState({ failing_seconds: 0, waiting: 0, delivered: 0, ...some } as Sink).word;
    expect(sink({})).toBe('not used yet');
    expect(sink({ delivered: 3 })).toBe('works');
    expect(sink({ delivered: 3, waiting: 1 })).toBe('sends');
    expect(sink({ delivered: 3, waiting: 1, failing_seconds: 4 })).toBe('fails');
  });
});

import { describe, expect, it } from 'vitest';
import { actionTone, changeOf, emergencySentence, freed, outcomeWord, totalsOf, whyNot } from './actions';
import type { Action, Snapshot } from './model';

const action = (more: Partial<Action>): Action => ({
  number: 1, time: '2026-11-29T12:00:00Z', action: 'cleanup', state: 'done', slot: 0, pid: 41, actor: '', reason: 'memory 91 %', effect: '',
  before_bytes: 200e6, after_bytes: 150e6, seconds: 0.04, helped: true, ...more,
});

describe('an action', () => {
  it('says what came of it in a word and a colour', () => {
    expect([outcomeWord(action({})), actionTone(action({}))]).toEqual(['helped', 'healthy']);
    expect([outcomeWord(action({ helped: false })), actionTone(action({ helped: false }))]).toEqual(['did not help', 'warning']);
    expect([outcomeWord(action({ state: 'withheld', helped: null })), actionTone(action({ state: 'withheld' }))]).toEqual(['not done', 'unknown']);
    expect([outcomeWord(action({ state: 'failed', helped: false })), actionTone(action({ state: 'failed' }))]).toEqual(['failed', 'critical']);
    expect(outcomeWord(action({ helped: null }))).toBe('done');
  });

  it('compares before and after by the larger of the two', () => {
    expect(changeOf(action({}))).toEqual({ before: 1, after: 0.75, words: '200\u00a0MB → 150\u00a0MB' });
    expect(changeOf(action({ after_bytes: 400e6 }))).toMatchObject({ before: 0.5, after: 1 });
    expect(changeOf(action({ after_bytes: null }))).toEqual({ before: 1, after: null, words: '200\u00a0MB' });
    expect(changeOf(action({ before_bytes: null }))).toBeNull();
  });

  it('names what it gave back with a sign', () => {
    expect(freed(action({}))).toBe('−50\u00a0MB');
    expect(freed(action({ after_bytes: 203e6 }))).toBe('+3\u00a0MB');
    expect(freed(action({ after_bytes: 200e6 }))).toBe('0\u00a0B');
    expect(freed(action({ after_bytes: null }))).toBe('–');
  });
});

describe('all of them', () => {
  it('are added up: what grew does not count against what went', () => {
    const rows = [action({}), action({ after_bytes: 210e6, helped: false }), action({ state: 'withheld', after_bytes: null, helped: null })];
    expect(totalsOf(rows)).toEqual({ actions: 2, withheld: 1, helped: 1, freedBytes: 50e6 });
    expect(totalsOf([]).freedBytes).toBeNull();
  });
});

describe('the emergency', () => {
  it('says when it only observes', () => {
    expect(emergencySentence({ state: 'cleaning', since: null, withheld: false, reason: '' })).toBe('Memory is critical: every worker is cleaned up');
    expect(emergencySentence({ state: 'cleaning', since: null, withheld: true, reason: '' })).toContain('observed only');
    expect(emergencySentence({ state: 'calm', since: null, withheld: true, reason: '' })).toBe('No memory emergency');
  });
});

describe('who may ask', () => {
  const snapshot = { workers: [{ pid: 41 }] } as unknown as Snapshot;
  it('is told why not', () => {
    expect(whyNot({ role: 'operator', csrf: 'x', can_log_in: true }, snapshot, false)).toBe('');
    expect(whyNot({ role: 'reader', csrf: null, can_log_in: true }, snapshot, false)).toContain('Only an operator');
    expect(whyNot(undefined, snapshot, false)).toContain('Looking');
    expect(whyNot({ role: 'operator', csrf: 'x', can_log_in: true }, { workers: [] } as unknown as Snapshot, false)).toContain('no worker');
    expect(whyNot({ role: 'operator', csrf: 'x', can_log_in: true }, snapshot, true)).toContain('supervisor’s own page');
  });
});

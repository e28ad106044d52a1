import { describe, expect, it } from 'vitest';
import { complete } from './complete';
import type { Setting, Snapshot } from './model';
import { admissionMode, backlogWords, levelTone, levelWords, saturation } from './shedding';

const one = (name: string, value: number) => ({ name, value }) as unknown as Setting;
const { traffic } = complete({} as Snapshot);

describe('shedding', () => {
  it('takes the saturation apart', () => {
    const settings = [one('request_deadline', 10)];
    const busy = { ...traffic, busy: 3, capacity: 4, predicted_wait_seconds: 25, saturation: 0.875 };
    expect(saturation({ traffic: busy, settings })).toEqual({ busy: 0.75, wait: 1, value: 0.875 });
    expect(saturation({ traffic, settings })).toEqual({ busy: null, wait: null, value: null });
  });
  it('says whom a level refuses', () => {
    expect(levelWords(0)).toBe('nobody is refused');
    expect(levelWords(3)).toContain('all but critical');
    expect([0, 1, 2, 3].map(levelTone)).toEqual(['healthy', 'warning', 'warning', 'critical']);
  });
  it('knows when it only looks', () => {
    expect(admissionMode([])).toBe('on');
    expect(admissionMode([one('admission', 0)])).toBe('off');
    expect(admissionMode([one('admission', 1)])).toBe('observe');
    expect(admissionMode([one('admission', 2), one('observe_only', 1)])).toBe('observe');
  });
  it('says how long the accept queue may be', () => {
    expect(backlogWords({ ...traffic, backlog: 0, backlog_own: 2048 })).toBe('2,048, the server’s own');
    expect(backlogWords({ ...traffic, backlog: 40, backlog_own: 2048 })).toBe('40, instead of the server’s own 2,048');
    expect(backlogWords(traffic)).toBe('the server’s own');
  });
});

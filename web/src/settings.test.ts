import { describe, expect, it } from 'vitest';
import type { Setting as Plain } from './model';
import { differ, fromSnapshot, refusal, shown, typed, type Setting } from './settings';

const plain = (more: Partial<Plain>): Plain => ({ name: 'hang_limit', value: 60, type: 'seconds', default: 60, lowest: 1, highest: 86400, origin: 'default', meaning: 'm', ...more });
const setting = (more: Partial<Plain>): Setting => fromSnapshot(plain(more));
const ratio = setting({ name: 'memory_warning_threshold', type: 'ratio', value: 0.8, default: 0.8, lowest: 0.05, highest: 1 });

describe('settings', () => {
  it('refuses in the words of the supervisor', () => {
    for (const text of ['1.5', 'x', '', '80%', 'NaN', '0x1', '0,7']) {
      expect(refusal(ratio, text)).toBe(`memory_warning_threshold: '${text}' is not allowed; it takes a ratio from 0.05 to 1`);
    }
    for (const text of ['0.05', '1', '.7', '7e-1', '0.8']) expect(refusal(ratio, text)).toBe('');
  });

  it('wants whole numbers of counts, and words of switches and modes', () => {
    const count = setting({ name: 'shed_level', type: 'count', lowest: -1, highest: 3 });
    expect(refusal(count, '-1')).toBe('');
    expect(refusal(count, '1.5')).toContain("'1.5' is not allowed; it takes a whole number from -1 to 3");
    const mode = setting({ name: 'admission', type: 'mode', value: 1, default: 2, lowest: 0, highest: 2 });
    expect([mode.value, mode.default]).toEqual(['observe', 'on']);
    expect(refusal(mode, 'observe')).toBe('');
    expect(refusal(mode, 'sometimes')).toContain('it takes off, observe or on');
  });

  it('shows values as people read and type them', () => {
    expect(shown(2.5, 'seconds')).toBe('2.5\u00a0s');
    expect(shown(false, 'switch')).toBe('off');
    expect(shown(null, 'ratio')).toBe('–');
    expect(typed(true)).toBe('on');
    expect(typed(0.75)).toBe('0.75');
  });

  it('notices that something else holds', () => {
    const known = [ratio, setting({})];
    const same = [plain({}), plain({ name: ratio.name, type: 'ratio', value: 0.8, lowest: 0.05, highest: 1 })];
    expect(differ(known, same)).toBe(false);
    expect(differ(known, [plain({ value: 61 })])).toBe(true);
    expect(differ(known, [plain({ origin: 'runtime' })])).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { age, bytes, clock, count, duration, integer, moment, notMeasured, percent, perSecond, uptime } from './format';

const plain = (text: string) => text.replace(/\u00a0/g, ' ');

describe('format', () => {
  it('shows what was not measured as a dash', () => {
    for (const format of [age, bytes, count, duration, integer, percent, perSecond, uptime]) {
      expect(format(null)).toBe(notMeasured);
      expect(format(undefined)).toBe(notMeasured);
      expect(format(NaN)).toBe(notMeasured);
    }
    expect(clock('never')).toBe(notMeasured);
  });

  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [52.34, '52.3'],
    [999, '999'],
    [999.9, '1 k'],
    [1234, '1.2 k'],
    [123456, '123 k'],
    [999_600, '1 M'],
    [4_500_000, '4.5 M'],
  ])('count(%d) is %s', (value, text) => expect(plain(count(value))).toBe(text));

  it.each([
    [512, '512 B'],
    [41_234_432, '41.2 MB'],
    [82_500_000, '82.5 MB'],
    [999_999_999, '1 GB'],
    [25_000_000_000, '25 GB'],
  ])('bytes(%d) is %s', (value, text) => expect(plain(bytes(value))).toBe(text));

  it.each([
    [0, '0 %'],
    [0.00001, '< 0.01 %'],
    [0.0001, '0.01 %'],
    [0.312, '31.2 %'],
    [1, '100 %'],
  ])('percent(%d) is %s', (value, text) => expect(plain(percent(value))).toBe(text));

  it.each([
    [0, '0 s'],
    [0.0001, '100 µs'],
    [0.002, '2 ms'],
    [0.0121, '12.1 ms'],
    [0.9999, '1 s'],
    [3.2, '3.2 s'],
    [59.99, '1 min 00 s'],
    [125, '2 min 05 s'],
    [4800, '1 h 20 min'],
    [273_600, '3 d 4 h'],
  ])('duration(%d) is %s', (value, text) => expect(plain(duration(value))).toBe(text));

  it('shows ages to the tenth, so that they are seen to tick', () => {
    expect(plain(age(3.24))).toBe('3.2 s');
    expect(plain(age(12))).toBe('12.0 s');
    expect(plain(age(-0.4))).toBe('0.0 s');
    expect(plain(age(61))).toBe('1 min 01 s');
  });

  it('shows exact counts with separators', () => expect(integer(123456)).toBe('123,456'));

  it('names the day of what was not today', () => {
    expect(moment('2026-11-22T12:00:00', new Date('2026-11-22T18:00:00'))).toBe('12:00:00');
    expect(moment('2026-11-22T12:00:00', new Date('2026-11-23T18:00:00'))).toBe('22 Nov 12:00:00');
  });
});

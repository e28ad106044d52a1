import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Repeat } from './repeat';

let turns = 0;
let end: () => void = () => undefined;
let repeat: Repeat;
const hide = (hidden: boolean) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
};
const finish = async () => {
  end();
  await vi.advanceTimersByTimeAsync(0);
};

describe('Repeat', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    hide(false);
    turns = 0;
    repeat = new Repeat(() => {
      turns++;
      return new Promise((resolve) => (end = resolve));
    }, 2000);
  });
  afterEach(() => {
    repeat.stop();
    vi.useRealTimers();
  });

  it('begins at once, and waits from the end of one turn to the next', async () => {
    repeat.start();
    await vi.advanceTimersByTimeAsync(9000);
    expect(turns).toBe(1);
    await finish();
    await vi.advanceTimersByTimeAsync(1999);
    expect(turns).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(turns).toBe(2);
  });

  it('rests while nobody looks, and goes on with the reader', async () => {
    repeat.start();
    await vi.advanceTimersByTimeAsync(0);
    hide(true);
    await finish();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(turns).toBe(1);
    hide(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(turns).toBe(2);
  });

  it('what is asked for during a turn comes after it', async () => {
    repeat.start();
    await vi.advanceTimersByTimeAsync(0);
    repeat.now();
    expect(turns).toBe(1);
    await finish();
    expect(turns).toBe(2);
  });

  it('does one turn while stopped, when asked', async () => {
    repeat.now();
    await finish();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(turns).toBe(1);
  });
});

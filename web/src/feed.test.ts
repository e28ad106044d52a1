import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Feed } from './feed';

// Stands for the browser's: the test says what it receives.
class Source extends EventTarget {
  static opened: Source[] = [];
  onerror: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    super();
    Source.opened.push(this);
  }
  close(): void {
    this.closed = true;
  }
  send(time: string): void {
    this.dispatchEvent(new MessageEvent('snapshot', { data: JSON.stringify({ time }) }));
  }
}

const states: string[] = [];
const times: string[] = [];
let feed: Feed;

describe('Feed', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
    vi.stubGlobal('EventSource', Source);
    vi.stubGlobal('fetch', () => new Promise(() => undefined));
    Source.opened = [];
    states.length = times.length = 0;
    feed = new Feed((s) => times.push(s.time), (c) => states.push(c.state));
    feed.start();
  });
  afterEach(() => {
    feed.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('tells of a loss within 3 s, and of the return', () => {
    Source.opened[0]!.send('1');
    vi.advanceTimersByTime(2000);
    expect(states).toEqual(['live']);
    vi.advanceTimersByTime(1000);
    expect(states).toEqual(['live', 'lost']);
    Source.opened[0]!.send('2');
    expect(states).toEqual(['live', 'lost', 'live']);
    expect(times).toEqual(['1', '2']);
  });

  it('opens a broken stream again', () => {
    Source.opened[0]!.onerror!();
    expect(Source.opened[0]!.closed).toBe(true);
    vi.advanceTimersByTime(1100);
    expect(Source.opened).toHaveLength(2);
  });

  it('opens a silent stream again', () => {
    vi.advanceTimersByTime(9000);
    expect(Source.opened).toHaveLength(2);
    expect(Source.opened[0]!.closed).toBe(true);
  });

  it('takes the same figures twice as no sign of life', () => {
    Source.opened[0]!.send('1');
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(1000);
      Source.opened[0]!.send('1');
    }
    expect(times).toEqual(['1']);
    expect(states.at(-1)).toBe('lost');
  });

  it('is silent once stopped', () => {
    feed.stop();
    Source.opened[0]!.onerror?.();
    vi.advanceTimersByTime(20_000);
    expect(Source.opened).toHaveLength(1);
    expect(states).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { ThreadStack } from '../stacks';
import { drawThread, newThread } from './thread-stack';

const idle: ThreadStack = { thread: 70, name: 'gunicorn', state: 'S', holds_lock: false, waits_for: 'poll', quality: 'exact', reason: '', frames: [{ function: 'wait', file: 'sync.py', line: 35 }], request: null };
const frames = Array.from({ length: 30 }, (_, i) => ({ function: `f${i}`, file: '/srv/shop/shop.py', line: i + 1 }));
const held: ThreadStack = { ...idle, state: 'R', waits_for: '', holds_lock: true, frames, request: { id: 'a', route: 'GET /<b>lock', age_seconds: 0.5, phase: 'handling', activity: 'application' } };

describe('thread', () => {
  const element = newThread();

  it('says what it works at, and that it holds the lock; innermost frame first', () => {
    drawThread(element, held);
    expect(element.textContent).toContain('holds the interpreter lock');
    expect(element.querySelector('.thread-route')!.textContent).toBe('GET /<b>lock');
    expect(element.querySelector('.frames')!.firstElementChild!.textContent).toBe('f0 …/shop/shop.py:1');
  });

  it('shows the inner frames, and all when asked', () => {
    expect(element.querySelectorAll('.frames li')).toHaveLength(12);
    element.querySelector('button')!.click();
    expect(element.querySelectorAll('.frames li')).toHaveLength(30);
    drawThread(element, held);
    expect(element.querySelectorAll('.frames li')).toHaveLength(30);
  });

  it('keeps nothing of a request that has ended', () => {
    drawThread(element, idle);
    expect(element.textContent).not.toMatch(/lock|handling/);
    expect(element.querySelectorAll('.frames li')).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { qualityWords, shortFile, stateWords, threadOf, type Stacks, type ThreadStack } from './stacks';

const thread = (id: number | null, request: string | null) => ({ thread: id, request: request ? { id: request } : null }) as ThreadStack;
const stacks = { workers: [{ pid: 7, threads: [thread(70, 'a'), thread(71, null)] }, { pid: 8, threads: [thread(70, null), thread(null, null)] }] } as Stacks;

describe('stacks', () => {
  it('finds the thread of a request', () => {
    expect(threadOf(stacks, 7, 'a', 0)!.thread).toBe(70);
    expect(threadOf(stacks, 7, 'gone', 71)!.thread).toBe(71);
    expect(threadOf(stacks, 8, '', 70)).toBe(stacks.workers[1]!.threads[0]);
    expect(threadOf(stacks, 8, '', 0)).toBeUndefined();
  });
  it('says what a thread does', () => {
    expect(stateWords({ state: 'S', waits_for: 'interpreter lock' })).toBe('waits for the interpreter lock');
    expect(stateWords({ state: 'S', waits_for: 'poll' })).toBe('waits in poll');
    expect(stateWords({ state: 'T', waits_for: '' })).toBe('stopped by a signal');
    expect(stateWords({ state: '?', waits_for: '' })).toBe('');
  });
  it('says how good a stack is', () => {
    expect(qualityWords('exact')).toMatch(/^exact/);
    expect(qualityWords('unreadable', 'no permission')).toBe('not readable: no permission');
  });
  it('shortens paths', () => {
    expect(shortFile('/usr/lib/python3.11/threading.py')).toBe('…/python3.11/threading.py');
    expect(shortFile('app.py')).toBe('app.py');
  });
});

// api/v1/stacks: all threads of the workers at one moment, and the words for what was read.
import type { Frame, StackQuality } from './model';

export interface ThreadStack {
  thread: number | null; // id of the kernel; null: not known
  name: string;
  state: string; // as in /proc: R, S, D, T, ...
  holds_lock: boolean;
  waits_for: string; // "": runs, or not known
  quality: StackQuality;
  reason: string; // why it is not exact
  frames: Frame[]; // innermost first
  request: { id: string; route: string; age_seconds: number; phase: string; activity: string } | null;
}

export interface WorkerStacks {
  slot: number;
  pid: number;
  unavailable: string; // why nothing can be read; else ""
  lock_locked: boolean;
  lock_holder: number | null; // thread
  threads: ThreadStack[];
}

export interface Stacks {
  time: string;
  workers: WorkerStacks[];
}

const qualities: Record<StackQuality, string> = {
  exact: 'exact: read twice, and both times the same',
  approximate: 'approximate: the thread runs, so its stack changed while it was read',
  unreadable: 'not readable',
};

export function qualityWords(quality: StackQuality, reason = ''): string {
  const words = qualities[quality] ?? quality;
  if (!reason) return words;
  return quality === 'unreadable' ? `${words}: ${reason}` : `${words} (${reason})`;
}

const states: Record<string, string> = {
  R: 'runs',
  S: 'sleeps',
  D: 'waits for a disk or device',
  T: 'stopped by a signal',
  t: 'stopped by a debugger',
  Z: 'has ended',
  X: 'has ended',
  I: 'sleeps',
};

// "waits for the interpreter lock", "sleeps in poll", "runs"
export function stateWords(thread: Pick<ThreadStack, 'state' | 'waits_for'>): string {
  const { state, waits_for: reason } = thread;
  if (reason === 'interpreter lock') return 'waits for the interpreter lock';
  const words = states[state] ?? '';
  if (!reason) return words;
  return words && state !== 'S' ? `${words}, in ${reason}` : `waits in ${reason}`;
}

// "threading.py:327", with the folder that tells it from others of its name
export function shortFile(file: string): string {
  const parts = file.split('/');
  return parts.length <= 3 ? file : `…/${parts.slice(-2).join('/')}`;
}

// The thread that works at a request: by the request's id, else by the thread's.
export function threadOf(stacks: Stacks, pid: number, id: string, thread: number): ThreadStack | undefined {
  const threads = stacks.workers.filter((worker) => worker.pid === pid).flatMap((worker) => worker.threads);
  return threads.find((t) => id !== '' && t.request?.id === id) ?? threads.find((t) => t.thread === thread);
}

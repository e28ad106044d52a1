// Words for what a request in flight does, and for what is known of it.
import { duration, words } from './format';
import type { Figure, InFlight } from './model';
import type { Tone } from './status';

const activities: Record<string, string> = {
  sql: 'in SQL',
  redis: 'in Redis',
  http: 'in an outgoing call',
  checkout: 'waits for a connection',
};

// "in SQL" and since when; while it does the app's own work, its phase.
export function doing(request: Pick<InFlight, 'phase' | 'activity' | 'activity_seconds' | 'phase_age_seconds'>): { word: string; seconds: Figure } {
  const word = activities[request.activity];
  if (word) return { word, seconds: request.activity_seconds };
  return { word: words(request.phase), seconds: request.phase_age_seconds };
}

const sources: Record<string, string> = {
  header: 'from the time stamp of the proxy in front',
  server: 'as the server says',
  socket: 'from the request’s socket: since its last byte came',
  none: 'the server says nothing of it',
};

export function sourceWords(source: string): string {
  return sources[source] ?? words(source);
}

// The word and its tone for the deadline: a client that has stopped waiting gets nothing of it.
export function deadline(seconds: Figure): { word: string; tone: Tone | null; meaning: string } {
  if (seconds === null) return { word: '–', tone: null, meaning: 'not known' };
  if (seconds < 0) return { word: `over by ${duration(-seconds)}`, tone: 'warning', meaning: 'The client has most likely stopped waiting' };
  return { word: `in ${duration(seconds)}`, tone: null, meaning: 'So long its client still waits' };
}

const marks: Record<string, { word: string; tone: Tone; meaning: string }> = {
  recorded: { word: 'stuck', tone: 'critical', meaning: 'Past its limit: recorded with its stack while it runs' },
  interrupted: { word: 'interrupted', tone: 'critical', meaning: 'Past its limit: an exception was raised in its thread; its client gets 504' },
};

export function stuckMark(stuck: string): { word: string; tone: Tone; meaning: string } | null {
  if (!stuck) return null;
  return marks[stuck] ?? { word: words(stuck), tone: 'critical', meaning: '' };
}

// What was done to the app: the story in words and figures.
import { bytes, duration, notMeasured } from './format';
import type { Action, Emergency, Figure, Snapshot } from './model';
import type { Session } from './session';
import type { Tone } from './status';

export const stateWords: Record<string, string> = { withheld: 'not done', running: 'under way', done: 'done', failed: 'failed' };

// Icon and colour of what came of it. What did not help is no fault, but it stands out.
export function actionTone(action: Action): Tone {
  if (action.state === 'failed') return 'critical';
  if (action.state === 'withheld') return 'unknown';
  if (action.state === 'running') return 'info';
  return action.helped === false ? 'warning' : 'healthy';
}

export function outcomeWord(action: Action): string {
  if (action.state !== 'done' || action.helped === null) return stateWords[action.state] ?? action.state;
  return action.helped ? 'helped' : 'did not help';
}

export interface Change {
  before: number; // share of the larger of the two, 0..1
  after: number | null;
  words: string;
}

// Null: nothing of it was measured.
export function changeOf(action: Action): Change | null {
  const { before_bytes: before, after_bytes: after } = action;
  if (before === null || !(before > 0)) return null;
  const most = Math.max(before, after ?? 0);
  return {
    before: before / most,
    after: after === null ? null : after / most,
    words: after === null ? bytes(before) : `${bytes(before)} → ${bytes(after)}`,
  };
}

// How much went, with its sign: −12 MB; +3 MB where it grew.
export function freed(action: Action): string {
  const { before_bytes: before, after_bytes: after } = action;
  if (before === null || after === null) return notMeasured;
  if (after === before) return bytes(0);
  return after < before ? `−${bytes(before - after)}` : `+${bytes(after - before)}`;
}

export function who(action: Action): string {
  return action.actor || 'Stirbar';
}

export function subject(action: Action): string {
  return action.slot === null ? 'the app' : `worker ${action.slot}`;
}

export interface Totals {
  actions: number;
  withheld: number;
  helped: number;
  freedBytes: Figure;
}

// Of those shown.
export function totalsOf(actions: readonly Action[]): Totals {
  const done = actions.filter((action) => action.state === 'done');
  const sizes = done.filter((action) => action.before_bytes !== null && action.after_bytes !== null);
  return {
    actions: done.length,
    withheld: actions.filter((action) => action.state === 'withheld').length,
    helped: done.filter((action) => action.helped === true).length,
    freedBytes: sizes.length ? sizes.reduce((sum, action) => sum + Math.max(0, action.before_bytes! - action.after_bytes!), 0) : null,
  };
}

export const emergencySteps = ['calm', 'shedding', 'cleaning', 'recycling', 'cooling'] as const;

const emergencyWords: Record<string, string> = {
  calm: 'No memory emergency',
  shedding: 'Memory is critical: requests that can wait are refused',
  cleaning: 'Memory is critical: every worker is cleaned up',
  recycling: 'Memory is critical: the largest worker is recycled',
  cooling: 'Memory was critical: waiting for what was done to show',
};

export function emergencySentence(emergency: Emergency): string {
  const words = emergencyWords[emergency.state] ?? emergency.state;
  return emergency.withheld && emergency.state !== 'calm' ? `${words} — observed only, nothing is done` : words;
}

// Why this reader cannot ask for anything; empty: may.
export function whyNot(session: Session | undefined, snapshot: Snapshot | undefined, polled: boolean): string {
  if (polled) return 'Actions are asked for on the supervisor’s own page.';
  if (!session) return 'Looking who you are…';
  if (session.role !== 'operator') return 'Only an operator may do this: log in with the operator’s token.';
  if (!snapshot || snapshot.workers.length === 0) return 'There is no worker.';
  return '';
}

export function took(action: Action): string {
  return duration(action.seconds);
}

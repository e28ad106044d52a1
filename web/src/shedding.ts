// Words for who is refused, and the parts of the saturation figure.
import { duration, integer } from './format';
import type { Figure, Setting, Snapshot, Traffic } from './model';
import type { Tone } from './status';

// The lowest level at which a class is refused; null: never.
export const classes: readonly { name: string; from: number | null; meaning: string }[] = [
  { name: 'critical', from: null, meaning: 'health checks and Stirbar’s own pages, and routes declared so' },
  { name: 'normal', from: 3, meaning: 'all routes that say nothing else' },
  { name: 'sheddable', from: 2, meaning: 'can be asked for again later' },
  { name: 'background', from: 1, meaning: 'nobody waits for it' },
];

const levels = ['nobody is refused', 'background requests are refused', 'background and sheddable requests are refused', 'all but critical requests are refused'];

export function levelWords(level: number): string {
  return levels[level] ?? `level ${level}`;
}

export function levelTone(level: number): Tone {
  return level <= 0 ? 'healthy' : level >= 3 ? 'critical' : 'warning';
}

export function byWhom(traffic: Traffic): string {
  return traffic.shed_by === 'operator' ? 'set by hand' : 'by measurement';
}

export interface Saturation {
  busy: Figure; // 0..1
  wait: Figure; // 0..1, predicted wait as a share of the deadline
  value: Figure;
}

export function setting(settings: readonly Setting[], name: string): number | null {
  const value = settings.find((s) => s.name === name)?.value;
  return typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : null;
}

const cut = (share: number) => Math.min(1, Math.max(0, share));

// The two halves of 0.5 × busy / capacity + 0.5 × predicted wait / deadline.
export function saturation(s: Pick<Snapshot, 'traffic' | 'settings'>): Saturation {
  const { traffic } = s;
  const deadline = setting(s.settings, 'request_deadline');
  const { busy, capacity, predicted_wait_seconds: wait } = traffic;
  return {
    busy: busy === null || !capacity ? null : cut(busy / capacity),
    wait: wait === null || !deadline ? null : cut(wait / deadline),
    value: traffic.saturation,
  };
}

// Whether admission only looks: what it says then of who would be refused.
export function admissionMode(settings: readonly Setting[]): 'off' | 'observe' | 'on' {
  const mode = setting(settings, 'admission') ?? 2;
  if (mode <= 0) return 'off';
  return mode === 1 || setting(settings, 'observe_only') === 1 ? 'observe' : 'on';
}

// "at most 40 connections wait, instead of 2,048"
export function backlogWords(traffic: Traffic): string {
  const { backlog, backlog_own: own } = traffic;
  if (!backlog) return own ? `${integer(own)}, the server’s own` : 'the server’s own';
  return own ? `${integer(backlog)}, instead of the server’s own ${integer(own)}` : integer(backlog);
}

export function since(seconds: Figure): string {
  return seconds === null ? '' : `for ${duration(Math.floor(seconds))}`;
}

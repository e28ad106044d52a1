// The settings: what the API says of them, and what of a person's input would be refused.
import { fetchJson } from './api';
import type { Setting as Plain } from './model';
import { change } from './session';

export type Value = number | boolean | string;
export const origins = ['runtime', 'environment', 'file', 'application', 'default'] as const; // strongest first
export type Origin = (typeof origins)[number];

export interface Change {
  number: number | null;
  time: string | null;
  actor: string;
  kind: 'set' | 'reset' | 'revert';
  reverts: number | null;
  name: string;
  old: Value;
  old_origin: string;
  new: Value;
  new_origin: string;
  text: string;
}

export interface Setting {
  name: string;
  value: Value;
  origin: string;
  type: string;
  default: Value;
  lowest: number;
  highest: number;
  allowed: string;
  meaning: string;
  effect: string;
  layers: Record<Origin, Value | null> | null; // null: only the supervisor's own page knows
  ignored: string | null;
  last_change: Change | null;
}

export interface Settings {
  stored_in: string;
  not_stored: string | null;
  settings: Setting[];
  changes: Change[]; // newest first
}

export interface Outcome {
  changes: Change[];
  not_stored: string | null;
}

export const modes = ['off', 'observe', 'on'];

export async function fetchSettings(): Promise<Settings> {
  const raw = (await fetchJson('api/v1/settings')) as Partial<Settings>;
  return { stored_in: raw.stored_in ?? '', not_stored: raw.not_stored ?? null, settings: raw.settings ?? [], changes: raw.changes ?? [] };
}

export async function changeSettings(body: { set?: Record<string, Value>; reset?: string[]; revert?: number }): Promise<Outcome> {
  const raw = (await change('api/v1/settings', body)) as Partial<Outcome>;
  return { changes: raw.changes ?? [], not_stored: raw.not_stored ?? null };
}

// As the snapshot has them: what holds, and nothing of why.
export function fromSnapshot(plain: Plain): Setting {
  const natural = (value: unknown): Value => {
    if (plain.type === 'switch') return Boolean(value);
    return plain.type === 'mode' ? (modes[Number(value)] ?? String(value)) : Number(value);
  };
  const { name, origin, type, meaning } = plain;
  const [lowest, highest] = [plain.lowest ?? 0, plain.highest ?? 0];
  const row = { name, origin, type, meaning, lowest, highest, value: natural(plain.value), default: natural(plain.default) };
  return { ...row, allowed: allowed(type, lowest, highest), effect: '', layers: null, ignored: null, last_change: null };
}

function allowed(type: string, lowest: number, highest: number): string {
  if (type === 'switch') return 'true or false';
  if (type === 'mode') return 'off, observe or on';
  if (type === 'ratio') return `a ratio from ${lowest} to ${highest}`;
  return type === 'seconds' ? `${lowest} to ${highest} seconds` : `a whole number from ${lowest} to ${highest}`;
}

// As a person reads it.
export function shown(value: Value | null, type: string): string {
  if (value === null) return '–';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return type === 'seconds' ? `${value}\u00a0s` : String(value);
}

// The words that a setting takes instead of a number; empty: it takes a number.
export function choices(type: string): string[] {
  if (type === 'switch') return ['off', 'on'];
  return type === 'mode' ? modes : [];
}

// As a person would type it.
export function typed(value: Value): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return String(value);
}

// Why `text` is refused, in the supervisor's own words; empty: it is not, as far as can be told here.
export function refusal(setting: Setting, text: string): string {
  const words = choices(setting.type);
  const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
  const fits = words.length
    ? words.includes(text)
    : number >= setting.lowest && number <= setting.highest && (setting.type !== 'count' || Number.isInteger(number));
  return fits ? '' : `${setting.name}: '${text}' is not allowed; it takes ${setting.allowed}`;
}

// Whether the snapshot tells of other values than those that are known.
export function differ(known: readonly Setting[], plain: readonly Plain[]): boolean {
  const now = new Map(plain.map((one) => [one.name, fromSnapshot(one)]));
  return known.some((one) => {
    const other = now.get(one.name);
    return other !== undefined && (other.value !== one.value || other.origin !== one.origin);
  });
}

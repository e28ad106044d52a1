// Figures as people read them. Every function gives "–" for what was not measured.
import type { Figure } from './model';

export const notMeasured = '–';
const space = '\u00a0'; // a figure and its unit stay on one line

type Value = Figure | undefined;

function known(value: Value): value is number {
  return value != null && Number.isFinite(value);
}

// Three significant digits at most, no trailing zeros: 1.2, 12, 82.5, 123.
function short(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

// 7, 950, 1.2 k, 123 k, 4.5 M
export function count(value: Value): string {
  if (!known(value)) return notMeasured;
  if (value < 999.5) return short(value);
  if (value < 999_500) return `${short(value / 1e3)}${space}k`;
  if (value < 999_500_000) return `${short(value / 1e6)}${space}M`;
  return `${short(value / 1e9)}${space}G`;
}

const digits = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 }); // kept: making one takes long

// All digits: 123,456
export function integer(value: Value): string {
  return known(value) ? digits.format(value) : notMeasured;
}

// 0.3, 52.3, 1.2 k
export function rate(value: Value): string {
  return count(value);
}

// 52.3/s
export function perSecond(value: Value): string {
  return known(value) ? `${count(value)}/s` : notMeasured;
}

// 512 B, 82.5 MB, 1.2 GB (decimal, as the API has it)
export function bytes(value: Value): string {
  if (!known(value)) return notMeasured;
  if (value < 1000) return `${short(value)}${space}B`;
  if (value < 999_500) return `${short(value / 1e3)}${space}kB`;
  if (value < 999_500_000) return `${short(value / 1e6)}${space}MB`;
  if (value < 999_500_000_000) return `${short(value / 1e9)}${space}GB`;
  return `${short(value / 1e12)}${space}TB`;
}

// 0.31 -> 31 %, 0.0001 -> 0.01 %
export function percent(ratio: Value): string {
  if (!known(ratio)) return notMeasured;
  const value = ratio * 100;
  if (value > 0 && value < 0.01) return `<${space}0.01${space}%`;
  return `${short(value)}${space}%`;
}

// How long something took: 100 µs, 2 ms, 3.2 s, 2 min 05 s, 1 h 20 min, 3 d 4 h
export function duration(seconds: Value): string {
  if (!known(seconds)) return notMeasured;
  if (seconds === 0) return `0${space}s`;
  if (seconds < 0.0009995) return `${Math.round(seconds * 1e6)}${space}µs`;
  if (seconds < 0.9995) return `${short(seconds * 1e3)}${space}ms`;
  if (seconds < 59.95) return `${short(seconds)}${space}s`;
  return long(Math.round(seconds));
}

// How old something is, to the tenth, so that it is seen to tick: 3.2 s, 12.0 s, 2 min 05 s
export function age(seconds: Value): string {
  if (!known(seconds)) return notMeasured;
  if (seconds < 59.95) return `${Math.max(0, seconds).toFixed(1)}${space}s`;
  return long(Math.floor(seconds));
}

function long(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}${space}min${space}${two(seconds % 60)}${space}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}${space}h${space}${two(minutes % 60)}${space}min`;
  return `${Math.floor(hours / 24)}${space}d${space}${hours % 24}${space}h`;
}

// How long something has been going on, without hurry: 45 s, 20 min, 1 h 20 min, 3 d 4 h
export function uptime(seconds: Value): string {
  if (!known(seconds)) return notMeasured;
  if (seconds < 60) return `${Math.floor(seconds)}${space}s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)}${space}min` : long(Math.floor(seconds));
}

const timeOfDay = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

// 16:20:03 of the reader's clock
export function clock(time: string | number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? notMeasured : timeOfDay.format(date);
}

// 16:20:03, or with its date when that was another day: 22 Nov 16:20:03
export function moment(time: string, now: Date = new Date()): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime()) || date.toDateString() === now.toDateString()) return clock(time);
  return `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${clock(time)}`;
}

// lock_wait -> lock wait
export function words(name: string): string {
  return name.replace(/_/g, ' ');
}

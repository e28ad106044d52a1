// Where else the history goes: [[exports]] of stirbar.toml.
import { fetchJson } from './api';
import type { Tone } from './status';

export interface Export {
  name: string;
  kind: 'otlp' | 'mysql';
  target: string;
  sent: number; // data points (otlp), intervals and records (mysql)
  failures: number;
  refused: number;
  dropped: number;
  waiting: number;
  behind_seconds: number;
  last_success: string | null;
  failing_since: string | null; // null: it works
  error: string;
}

// None where nobody answers: the pages inside the app do not know.
export async function fetchExports(): Promise<Export[]> {
  try {
    const info = (await fetchJson('api/v1/history/info')) as { exports?: Export[] };
    return info.exports ?? [];
  } catch {
    return [];
  }
}

export function exportState(row: Export): { tone: Tone; word: string } {
  if (row.failing_since) return { tone: 'critical', word: 'fails' };
  return row.last_success ? { tone: 'healthy', word: 'works' } : { tone: 'unknown', word: 'nothing sent yet' };
}

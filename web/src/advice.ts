// What the page of recommendations shows: all of them, from the supervisor, or those of the snapshot
// where only that is at hand.
import { bytes, count, duration, percent } from './format';
import type { Figure, Recommendation, Trend } from './model';

const pageNames: Record<string, string> = {
  '/': 'Overview',
  '/workers': 'Workers',
  '/stacks': 'Stacks',
  '/load': 'Load',
  '/connections': 'Connections',
  '/requests': 'Requests',
  '/routes': 'Routes',
  '/in-flight': 'In flight',
  '/events': 'Events',
};

// The page that shows the figures; null: none that there is.
export function evidencePage(advice: Recommendation): { path: string; name: string } | null {
  const name = pageNames[advice.page];
  return name ? { path: advice.page, name } : null;
}

export function inUnit(value: Figure, unit: string): string {
  switch (unit) {
    case 'ratio':
      return percent(value);
    case 'bytes':
      return bytes(value);
    case 'seconds':
      return duration(value);
    default:
      return count(value);
  }
}

export interface TrendLine {
  name: string;
  now: string;
  slope: string;
  remark: string;
  rising: boolean;
}

const trendNames: Record<string, string> = {
  memory_bytes: 'Memory of the app',
  memory_ratio: 'Memory used',
  p95_seconds: 'p95 of requests',
  accept_queue: 'Accept queue',
};

// "+12 MB an hour", or why there is no trend.
export function trendLines(trends: Record<string, Trend>): TrendLine[] {
  return Object.entries(trends).map(([name, trend]) => {
    const slope = trend.slope_per_hour;
    const known = slope !== null;
    const sign = known && slope < 0 ? '−' : '+';
    const reaches = trend.reaches_critical_seconds;
    return {
      name: trendNames[name] ?? name,
      now: inUnit(trend.now, trend.unit),
      slope: known ? `${sign}${inUnit(Math.abs(slope), trend.unit)} an hour` : 'no trend',
      remark: known ? (reaches === null ? '' : `critical in ${duration(reaches)} at this pace`) : trend.reason,
      rising: known && slope > 0,
    };
  });
}

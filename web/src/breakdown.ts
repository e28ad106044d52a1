// Where the time of a request, or of the requests of a route, went: the parts of a bar.
import { partNames, type ByPart, type Figure, type PartName, type Route, type SlowRequest } from './model';

export type SliceName = 'queue' | 'application' | PartName;

// In the order in which a request meets them.
export const sliceNames: readonly SliceName[] = ['queue', 'application', ...partNames];

export const sliceWords: Record<SliceName, { word: string; meaning: string; calls: [one: string, more: string] | null }> = {
  queue: { word: 'queue', meaning: 'waited before the app got the request', calls: null },
  application: { word: 'application', meaning: 'the app’s own Python code, templates included', calls: null },
  sql: { word: 'SQL', meaning: 'statements, as SQLAlchemy sees them', calls: ['statement', 'statements'] },
  redis: { word: 'Redis', meaning: 'commands, as redis-py sees them', calls: ['command', 'commands'] },
  http: { word: 'HTTP', meaning: 'outgoing calls', calls: ['call', 'calls'] },
  lock: { word: 'lock', meaning: 'waited for the interpreter lock', calls: null },
  garbage: { word: 'garbage', meaning: 'pauses of the garbage collector', calls: ['pause', 'pauses'] },
};

export interface Slice {
  name: SliceName;
  seconds: number;
  share: number; // 0..1 of all
  calls: Figure;
}

export interface Breakdown {
  seconds: number; // all slices
  slices: Slice[]; // only those that took any time
}

// Parts may overlap (a statement that waits for the interpreter lock is in both): the shares are of
// their sum.
export function breakdown(seconds: Partial<Record<SliceName, Figure>>, calls: ByPart = {}): Breakdown {
  const all = sliceNames.map((name) => ({ name, seconds: Math.max(0, seconds[name] ?? 0) }));
  const sum = all.reduce((total, slice) => total + slice.seconds, 0);
  const slices = all
    .filter((slice) => slice.seconds > 0)
    .map((slice) => ({ ...slice, share: slice.seconds / sum, calls: calls[slice.name as PartName] ?? null }));
  return { seconds: sum, slices };
}

// Of a route's mean request. Null: there was none in the last minute.
export function ofRoute(route: Route): Breakdown | null {
  return route.time.application === null ? null : breakdown(route.time);
}

// Of one request, whose duration does not hold the queue time.
export function ofRequest(request: Pick<SlowRequest, 'duration_seconds' | 'queue_seconds' | 'parts' | 'calls'>): Breakdown {
  const parts = partNames.reduce((sum, name) => sum + (request.parts[name] ?? 0), 0);
  const application = Math.max(0, request.duration_seconds - parts);
  return breakdown({ ...request.parts, application, queue: request.queue_seconds }, request.calls);
}

import { complete, completeAdvice } from './complete';
import { completeConnections, type Connections } from './connections';
import type { Latency } from './latency';
import type { History, Recommendation, Snapshot, Trend } from './model';
import { address } from './site';
import type { Stacks } from './stacks';

// An answer other than 200. `url`: where the supervisor's own pages are, when only they can answer.
export class Refused extends Error {
  constructor(
    message: string,
    readonly said: string, // what the answer itself says, in words; else empty
    readonly url: string,
  ) {
    super(message);
  }
}

export async function fetchJson(relative: string, options: RequestInit = {}): Promise<unknown> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 5000);
  try {
    const response = await fetch(address(relative), { signal: stop.signal, cache: 'no-store', ...options });
    if (!response.ok) throw await refusal(response);
    return await response.json();
  } finally {
    clearTimeout(timer);
  }
}

async function refusal(response: Response): Promise<Refused> {
  const body = (await response.json().catch(() => null)) as { error?: unknown; url?: unknown } | null;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return new Refused(`it answers ${response.status} ${response.statusText}`.trim(), text(body?.error), text(body?.url));
}

export async function fetchSnapshot(): Promise<Snapshot> {
  return complete((await fetchJson('api/v1/snapshot')) as Snapshot);
}

export async function fetchHistory(points: number): Promise<History> {
  return (await fetchJson(`api/v1/history?points=${points}`)) as History;
}

// Those of rules and those about pools and databases, ranked.
export async function fetchRecommendations(): Promise<{ recommendations: Recommendation[]; trends: Record<string, Trend> }> {
  const answer = (await fetchJson('api/v1/recommendations')) as { recommendations?: Recommendation[]; trends?: Record<string, Trend> };
  return { recommendations: (answer.recommendations ?? []).map(completeAdvice), trends: answer.trends ?? {} };
}

// Of all workers, or of one process.
export async function fetchStacks(pid: number | null): Promise<Stacks> {
  return (await fetchJson(pid === null ? 'api/v1/stacks' : `api/v1/stacks?pid=${pid}`)) as Stacks;
}

// Of the whole app, or of one route.
export async function fetchLatency(route: string): Promise<Latency> {
  return (await fetchJson(route ? `api/v1/latency?route=${encodeURIComponent(route)}` : 'api/v1/latency')) as Latency;
}

export async function fetchConnections(): Promise<Connections> {
  return completeConnections((await fetchJson('api/v1/connections')) as Partial<Connections>);
}

// Calls `onSnapshot` for each event until closed; `onEnd` once when the stream breaks.
export function openStream(onSnapshot: (s: Snapshot) => void, onEnd: () => void): { close(): void } {
  const source = new EventSource(address('api/v1/stream'));
  source.addEventListener('snapshot', (event) => {
    onSnapshot(complete(JSON.parse((event as MessageEvent<string>).data) as Snapshot));
  });
  source.onerror = () => {
    source.close(); // the feed opens a new one: browsers differ in when they try again
    onEnd();
  };
  return { close: () => source.close() };
}

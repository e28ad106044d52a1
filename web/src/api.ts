import { complete, type History, type Snapshot } from './model';
import { address } from './site';

async function fetchJson(relative: string): Promise<unknown> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 5000);
  try {
    const response = await fetch(address(relative), { signal: stop.signal, cache: 'no-store' });
    if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`.trim());
    return await response.json();
  } finally {
    clearTimeout(timer);
  }
}

export async function fetchSnapshot(): Promise<Snapshot> {
  return complete((await fetchJson('api/v1/snapshot')) as Snapshot);
}

export async function fetchHistory(points: number): Promise<History> {
  return (await fetchJson(`api/v1/history?points=${points}`)) as History;
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

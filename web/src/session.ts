// Who sits in front of the page, and what they may change.
import { fetchJson } from './api';

export interface Session {
  role: 'none' | 'reader' | 'operator';
  csrf: string | null; // what a change must bring along; null without a login
  can_log_in: boolean;
}

type Listener = (session: Session) => void;
const listeners = new Set<Listener>();
let known: Session | undefined;

// Tells who it is, now if it is known and again whenever it changes. Returns what ends that.
export function watchSession(listener: Listener): () => void {
  listeners.add(listener);
  if (known) listener(known);
  return () => listeners.delete(listener);
}

// Anew each time: a restarted supervisor has forgotten its sessions.
export async function fetchSession(): Promise<Session> {
  const session = (await fetchJson('api/v1/session')) as Session;
  const changed = JSON.stringify(session) !== JSON.stringify(known);
  known = session;
  if (changed) for (const listener of listeners) listener(session);
  return session;
}

// Asks for a change: POST of `body` as JSON. Refused as `Refused`, whose `said` tells why.
export async function change(relative: string, body: unknown): Promise<unknown> {
  const session = await fetchSession();
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (session.csrf !== null) headers['X-Stirbar-CSRF'] = session.csrf;
  return fetchJson(relative, { method: 'POST', headers, body: JSON.stringify(body) });
}

export async function logOut(): Promise<void> {
  await change('logout', {});
  await fetchSession();
}

// Who sits in front of the page, and what they may change.
import { fetchJson } from './api';

export interface Session {
  role: 'none' | 'reader' | 'operator';
  csrf: string | null; // what a change must bring along; null without a login
  can_log_in: boolean;
}

// Anew each time: a restarted supervisor has forgotten its sessions.
export async function fetchSession(): Promise<Session> {
  return (await fetchJson('api/v1/session')) as Session;
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
}

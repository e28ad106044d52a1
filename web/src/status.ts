// Words and tones of states. A tone is a colour and an icon, always beside a word.

export type Tone = 'healthy' | 'warning' | 'critical' | 'info' | 'unknown';

export function toneOf(status: string | null | undefined): Tone {
  switch (status) {
    case 'healthy':
    case 'warning':
    case 'critical':
    case 'info':
      return status;
    default:
      return 'unknown';
  }
}

const workerStates: Record<string, [word: string, meaning: string]> = {
  starting: ['starting', 'not serving yet'],
  idle: ['idle', 'alive, no request in flight'],
  busy: ['busy', 'alive, requests in flight, none too old'],
  stuck: ['stuck', 'a request is in flight for longer than it should be'],
  lock_held: ['lock held', 'a thread does not give up the interpreter lock: no other Python code runs'],
  silent: ['silent', 'no sign of life, not even from native threads: frozen, swapped out or starved of CPU'],
  stopped: ['stopped', 'stopped by a signal or a debugger'],
  exiting: ['exiting', 'shutting down in good order'],
  dead: ['dead', 'the process is gone'],
};

export function workerState(state: string): { word: string; meaning: string } {
  const [word, meaning] = workerStates[state] ?? [state.replace(/_/g, ' '), ''];
  return { word, meaning };
}

// Starting, exiting and idle are neither good nor bad: they get no colour while all is well.
export function workerTone(state: string, status: string): Tone {
  if (status === 'healthy' && state !== 'busy' && state !== 'idle') return 'info';
  return toneOf(status);
}

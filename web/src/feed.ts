// Keeps snapshots coming: by stream or by polling, again after each loss, and not at all while
// nobody looks. Says when the connection is lost: no new snapshot for longer than it should take.
import { fetchSnapshot, openStream } from './api';
import type { Snapshot } from './model';
import { live } from './site';

export interface Connection {
  state: 'connecting' | 'live' | 'lost';
  since: number; // performance.now() of the last figures, or of the first attempt
  detail: string; // why, if known
}

const pollMs = 2000;
const watchMs = 250;
const retryMs = 1000;
const reopenMs = 8000; // a stream that opened but stays silent

export class Feed {
  readonly connection: Connection = { state: 'connecting', since: 0, detail: '' };
  private stream: { close(): void } | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private openedAt = 0;
  private lastTime = '';
  private run = 0; // answers to an earlier start() are dropped

  constructor(
    private readonly onSnapshot: (snapshot: Snapshot, returned: boolean) => void,
    private readonly onConnection: (connection: Connection) => void,
  ) {}

  start(): void {
    this.stop();
    this.run++;
    this.connection.since = performance.now();
    if (this.connection.state === 'lost') this.set('connecting', '');
    this.watch = setInterval(() => this.check(), watchMs);
    void this.poll(this.run);
    if (live === 'stream') this.open(this.run);
  }

  stop(): void {
    this.run++;
    this.stream?.close();
    this.stream = undefined;
    clearInterval(this.watch);
    clearTimeout(this.timer);
  }

  private async poll(run: number): Promise<void> {
    try {
      const snapshot = await fetchSnapshot();
      if (run === this.run) this.take(snapshot);
    } catch (error) {
      if (run === this.run) this.connection.detail = reason(error);
    }
    if (run === this.run && live === 'poll') this.timer = setTimeout(() => void this.poll(run), pollMs);
  }

  private open(run: number): void {
    this.openedAt = performance.now();
    this.stream?.close();
    this.stream = openStream(
      (snapshot) => this.take(snapshot),
      () => {
        this.stream = undefined;
        this.timer = setTimeout(() => run === this.run && this.open(run), retryMs);
      },
    );
  }

  private take(snapshot: Snapshot): void {
    if (snapshot.time === this.lastTime) return; // an old answer says nothing about now
    this.lastTime = snapshot.time;
    const returned = this.connection.state === 'lost';
    this.connection.since = performance.now();
    if (this.connection.state !== 'live') this.set('live', '');
    this.onSnapshot(snapshot, returned);
  }

  private check(): void {
    const now = performance.now();
    const silent = now - this.connection.since;
    if (silent < (live === 'poll' ? pollMs : 0) + 2500) return;
    if (this.connection.state !== 'lost') this.set('lost', this.connection.detail);
    if (this.stream && silent > reopenMs && now - this.openedAt > reopenMs) this.open(this.run);
  }

  private set(state: Connection['state'], detail: string): void {
    this.connection.state = state;
    this.connection.detail = detail;
    this.onConnection(this.connection);
  }
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : '';
  return text.startsWith('it answers') ? text : '';
}

// Keeps pools, holds, leaks and servers coming while a page shows them.
import { fetchConnections, Refused } from './api';
import type { Connections } from './connections';
import { Repeat } from './repeat';

const everyMs = 2000;

export class ConnectionFeed {
  connections: Connections | undefined;
  error: Error | undefined; // why there are none, or no newer ones
  readAt = 0; // Date.now() of the newest
  private readonly repeat = new Repeat(() => this.read(), everyMs);

  constructor(private readonly onChange: () => void) {}

  start(): void {
    this.repeat.start();
  }

  stop(): void {
    this.repeat.stop();
  }

  // Whether only the supervisor's own pages can tell.
  get elsewhere(): boolean {
    return this.error instanceof Refused && this.error.url !== '';
  }

  private async read(): Promise<void> {
    try {
      this.connections = await fetchConnections();
      this.readAt = Date.now();
      this.error = undefined;
    } catch (error) {
      this.error = error as Error;
      if (this.elsewhere) this.repeat.stop(); // it will not change its mind
    }
    this.onChange();
  }
}

// Keeps the stacks of all workers, or of one process, coming while a page shows them.
import { fetchStacks, Refused } from './api';
import { Repeat } from './repeat';
import type { Stacks } from './stacks';

const everyMs = 2000;

export class StackFeed {
  stacks: Stacks | undefined;
  error: Error | undefined; // why there are none, or no newer ones
  private pid: number | null = null;
  private readonly repeat = new Repeat(() => this.read(), everyMs);

  constructor(private readonly onChange: () => void) {}

  // Of which process: null stands for all.
  of(pid: number | null): void {
    if (pid !== this.pid) this.stacks = undefined;
    this.pid = pid;
  }

  start(): void {
    this.repeat.start();
  }

  stop(): void {
    this.repeat.stop();
  }

  refresh(): void {
    this.repeat.now();
  }

  // Whether only the supervisor's own pages can tell.
  get elsewhere(): boolean {
    return this.error instanceof Refused && this.error.url !== '';
  }

  private async read(): Promise<void> {
    const pid = this.pid;
    try {
      const stacks = await fetchStacks(pid);
      if (pid !== this.pid) return;
      this.stacks = stacks;
      this.error = undefined;
    } catch (error) {
      this.error = error as Error;
      if (this.elsewhere) this.repeat.stop(); // it will not change its mind
    }
    this.onChange();
  }
}

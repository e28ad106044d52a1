// Does something again and again while somebody looks at the page: the next turn is counted from
// the end of the one before.

export class Repeat {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;
  private busy = false;
  private again = false; // asked for while busy
  private readonly onVisibility = () => this.next(document.hidden ? Infinity : 0);

  constructor(
    private readonly task: () => Promise<void>, // never rejects
    private readonly everyMs: number,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    document.addEventListener('visibilitychange', this.onVisibility);
    this.next(0);
  }

  stop(): void {
    this.running = false;
    document.removeEventListener('visibilitychange', this.onVisibility);
    clearTimeout(this.timer);
  }

  // Once at once, also while stopped.
  now(): void {
    if (this.busy) this.again = true;
    else void this.turn();
  }

  private next(inMs: number): void {
    clearTimeout(this.timer);
    if (this.running && Number.isFinite(inMs)) this.timer = setTimeout(() => this.now(), inMs);
  }

  private async turn(): Promise<void> {
    clearTimeout(this.timer);
    this.busy = true;
    this.again = false;
    await this.task();
    this.busy = false;
    if (this.again) void this.turn();
    else this.next(document.hidden ? Infinity : this.everyMs);
  }
}

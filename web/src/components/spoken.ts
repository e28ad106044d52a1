// Says changes of state to screen readers, once each: not the figures, which change all the time.
import type { Connection } from '../feed';
import type { Snapshot } from '../model';
import { levelWords } from '../shedding';
import { workerState } from '../status';
import { setText } from './dom';

export class Spoken {
  private status = '';
  private level = 0;
  private states = new Map<number, string>();

  constructor(private readonly place: Element) {}

  snapshot(snapshot: Snapshot): void {
    const said: string[] = [];
    if (this.status && this.status !== snapshot.status) said.push(`Status is now ${snapshot.status}.`);
    for (const worker of snapshot.workers) {
      const before = this.states.get(worker.slot);
      // Between idle and busy a worker changes with every request.
      const now = worker.status === 'healthy' ? 'healthy' : worker.state;
      if (this.status && before !== now && (before || worker.hung)) {
        const word = now === 'healthy' ? 'well again' : workerState(worker.state).word;
        said.push(`Worker ${worker.slot} is ${word}.`);
      }
      this.states.set(worker.slot, now);
    }
    const { shed_level: level } = snapshot.traffic;
    if (this.status && level !== this.level) said.push(`Now ${levelWords(level)}.`);
    this.level = level;
    this.status = snapshot.status;
    if (said.length) setText(this.place, said.join(' '));
  }

  connection(connection: Connection): void {
    if (connection.state === 'lost') setText(this.place, 'No connection to the supervisor.');
    if (connection.state === 'live' && this.status) setText(this.place, 'Connected to the supervisor.');
  }
}

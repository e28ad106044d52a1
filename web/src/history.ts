// The points of the charts: the newest `capacity` seconds, as the columns that uPlot draws.
import { seriesNames, type Figure, type History, type SeriesName } from './model';

export class HistoryBuffer {
  readonly time: number[] = []; // seconds since 1970, rising
  private columns: Record<SeriesName, Figure[]> = emptyColumns();
  private interval = 1;

  constructor(private readonly capacity: number) {}

  get length(): number {
    return this.time.length;
  }

  column(name: SeriesName): Figure[] {
    return this.columns[name];
  }

  // Replaces everything.
  load(history: History): void {
    this.time.length = 0;
    this.columns = emptyColumns();
    this.add(history);
  }

  // Adds the points that are newer than the last one here.
  add(history: History): void {
    this.interval = history.interval_seconds || 1;
    history.series.time.forEach((time, i) => {
      this.append(time, (name) => history.series[name]?.[i] ?? null);
    });
  }

  // How many points up to `time` are not here yet.
  missing(time: number): number {
    const last = this.time[this.time.length - 1];
    if (last === undefined) return this.capacity;
    return Math.min(this.capacity, Math.max(0, Math.round((time - last) / this.interval)));
  }

  private append(time: number, value: (name: SeriesName) => Figure): void {
    const last = this.time[this.time.length - 1];
    if (last !== undefined) {
      if (time < last + this.interval * 0.5) return;
      if (time > last + this.interval * 3.5) this.push(last + this.interval, () => null); // a hole, not a line
    }
    this.push(time, value);
  }

  private push(time: number, value: (name: SeriesName) => Figure): void {
    this.time.push(time);
    for (const name of seriesNames) this.columns[name].push(value(name));
    if (this.time.length > this.capacity) {
      this.time.shift();
      for (const name of seriesNames) this.columns[name].shift();
    }
  }
}

function emptyColumns(): Record<SeriesName, Figure[]> {
  return Object.fromEntries(seriesNames.map((name) => [name, []])) as unknown as Record<SeriesName, Figure[]>;
}

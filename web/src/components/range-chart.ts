// One chart of what was recorded: a line of means in a band from the least to the most, or percentiles; gaps are gaps,
// and what happened is marked on the time axis.
import uPlot from 'uplot';
import { clock, notMeasured } from '../format';
import type { Figure } from '../model';
import { timeLabel, type Mark, type Recorded } from '../recorded';
import { onThemeChange } from '../theme';
import { h, setAttribute, setText } from './dom';
import { InView } from './in-view';
import { chartFigure, fitPlot, line, look, scaleTop } from './plot';

export interface RangeLine {
  of: string; // metric, or what percentiles are of
  at?: 'p50' | 'p95' | 'p99'; // without it: the mean of the metric
  label: string;
}

export interface RangeChartOptions {
  title: string;
  hint: string;
  lines: readonly RangeLine[];
  band?: boolean; // from least to most of the first line's metric
  format(value: Figure): string;
  least: number; // the axis reaches at least this far
  most?: number; // and never further than this
}

const height = 160;

export class RangeChart {
  readonly element: HTMLElement;
  private readonly place = h('div', { class: 'chart-place range-place', role: 'img' });
  private readonly figures: HTMLElement[];
  private plot: uPlot | undefined;
  private recorded: Recorded | undefined;
  private marks: readonly Mark[] = [];
  private readonly resize: ResizeObserver;
  private readonly unlisten: () => void;
  private readonly inView = new InView(() => this.draw());

  constructor(
    private readonly options: RangeChartOptions,
    private readonly onMoment: (seconds: Figure) => void, // the time under the pointer
    private readonly onChoose: (from: number, until: number) => void, // a span drawn with the pointer
  ) {
    this.figures = options.lines.map(() => h('span', { class: 'legend-figure' }, notMeasured));
    const legend = options.lines.map(({ label }, i) =>
      h('span', { class: `legend-item series-${i + 1}` }, h('span', { class: 'legend-line' }), label, ' ', this.figures[i]!),
    );
    this.element = chartFigure(options.title, options.hint, h('div', { class: 'legend below' }, ...legend), this.place);
    this.resize = new ResizeObserver(() => this.fit());
    this.resize.observe(this.place);
    this.unlisten = onThemeChange(() => this.make());
    this.inView.watch(this.element);
  }

  update(recorded: Recorded, marks: readonly Mark[]): void {
    this.recorded = recorded;
    this.marks = marks;
    this.write();
    if (this.inView.has(this.element)) this.draw();
  }

  close(): void {
    this.resize.disconnect();
    this.unlisten();
    this.inView.forget(this.element);
    this.plot?.destroy();
    this.plot = undefined;
  }

  private draw(): void {
    if (this.plot) this.plot.setData(this.data());
    else this.make();
  }

  private column(line: RangeLine): Figure[] {
    const found = line.at ? this.recorded?.percentiles[line.of]?.[line.at] : this.recorded?.metrics[line.of]?.mean;
    return found ?? this.recorded?.time.map(() => null) ?? [];
  }

  private data(): uPlot.AlignedData {
    const columns: Figure[][] = this.options.lines.map((line) => this.column(line));
    if (this.options.band) {
      const band = this.recorded?.metrics[this.options.lines[0]!.of];
      columns.push(band?.max ?? [], band?.min ?? []);
    }
    return [this.recorded?.time ?? [], ...columns] as uPlot.AlignedData;
  }

  private fit(): void {
    fitPlot(this.plot, this.place, height, () => this.make());
  }

  private make(): void {
    const width = Math.floor(this.place.clientWidth);
    if (width === 0 || !this.recorded) return;
    this.plot?.destroy();
    this.plot = new uPlot(this.settings(width), this.data(), this.place);
  }

  private settings(width: number): uPlot.Options {
    const { colour, axis, grid } = look();
    const { lines, band, format, least, most } = this.options;
    const bounds: uPlot.Series[] = band ? [edge(), edge()] : [];
    return {
      width,
      height,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, sync: { key: 'stirbar-history' }, points: { size: 6 } },
      scales: {
        x: { time: true, range: () => this.span() },
        y: { range: (_, __, top) => scaleTop(top, least, most) },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 22, gap: 4, space: 76, values: (_, times) => times.map((time) => timeLabel(time, this.seconds())) },
        { ...axis, grid, size: 58, gap: 6, space: 28, values: (_, ticks) => ticks.map((v) => format(v)) },
      ],
      series: [
        {},
        ...lines.map(({ label }, i) => line(i, label, colour)),
        ...bounds,
      ],
      bands: band ? [{ series: [lines.length + 1, lines.length + 2], fill: `${colour('--series-1')}2e` }] : [],
      hooks: {
        setCursor: [() => this.write()],
        drawClear: [(plot) => this.drawMarks(plot, colour)],
        setSelect: [(plot) => this.choose(plot)],
      },
    };
  }

  private span(): [number, number] {
    return this.recorded ? [this.recorded.from, this.recorded.until] : [0, 1];
  }

  private seconds(): number {
    const [from, until] = this.span();
    return until - from;
  }

  private drawMarks(plot: uPlot, colour: (name: string) => string): void {
    const { ctx, bbox } = plot;
    ctx.save();
    for (const mark of this.marks) {
      const x = Math.round(plot.valToPos(mark.time, 'x', true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.fillStyle = colour(mark.severity === 'info' ? '--text-3' : `--${mark.severity}`);
      ctx.globalAlpha = 0.35;
      ctx.fillRect(x, bbox.top, Math.max(1, devicePixelRatio), bbox.height);
      ctx.globalAlpha = 1;
      ctx.fillRect(x - 2 * devicePixelRatio, bbox.top + bbox.height - 3 * devicePixelRatio, 5 * devicePixelRatio, 4 * devicePixelRatio);
    }
    ctx.restore();
  }

  private choose(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 5) return;
    const from = plot.posToVal(left, 'x');
    const until = plot.posToVal(left + width, 'x');
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (until - from >= 2) this.onChoose(Math.floor(from), Math.ceil(until));
  }

  private write(): void {
    const index = this.plot?.cursor.idx ?? null;
    const newest = this.newest();
    this.options.lines.forEach((line, i) => {
      setText(this.figures[i]!, this.options.format(this.column(line)[index ?? newest] ?? null));
    });
    this.onMoment(index === null ? null : (this.recorded?.time[index] ?? null));
    if (index === null) setAttribute(this.place, 'aria-label', this.description(newest));
  }

  // The last point with a figure: the one that has just begun may have none yet.
  private newest(): number {
    const column = this.column(this.options.lines[0]!);
    let last = column.length - 1;
    while (last > 0 && column[last] == null) last--;
    return last;
  }

  private description(at: number): string {
    const now = this.options.lines.map((line) => `${line.label} ${this.options.format(this.column(line)[at] ?? null)}`);
    const time = this.recorded?.time[at];
    return `${this.options.title} as recorded, at ${time === undefined ? 'no time' : clock(time * 1000)}: ${now.join(', ')}`;
  }
}

function edge(): uPlot.Series {
  return { stroke: 'transparent', width: 0, points: { show: false } };
}

// For the caption of a span.
export function spanText(recorded: Recorded): string {
  const { from, until } = recorded;
  const text = (seconds: number) => new Date(seconds * 1000).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
  return `${text(from)} – ${text(until)}`;
}

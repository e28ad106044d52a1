// One chart over time. The legend holds the newest figures, or those under the pointer (of all charts at once).
import uPlot from 'uplot';
import { clock, notMeasured } from '../format';
import type { HistoryBuffer } from '../history';
import type { Figure, SeriesName } from '../model';
import { onThemeChange } from '../theme';
import { h, setAttribute, setText } from './dom';
import { InView } from './in-view';
import { chartFigure, fitPlot, line, look, scaleTop } from './plot';

export interface ChartOptions {
  title: string;
  hint: string;
  series: { name: SeriesName; label: string; dash?: number[] }[];
  format(value: Figure): string;
  least: number; // the axis reaches at least this far, so that noise near zero looks small
  most?: number; // and never further than this
  whole?: boolean; // counts: no half of a request on the axis
}

const height = 148;
const margins = [22, 10] as const; // pixels at the left and right where a time would touch the other axis, or be cut
const shortest = 60; // seconds shown at least
const timeSteps = [5, 10, 15, 30, 60, 120, 300, 600];
const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

export class Chart {
  readonly element: HTMLElement;
  private readonly place = h('div', { class: 'chart-place', role: 'img' });
  private readonly figures: HTMLElement[];
  private plot: uPlot | undefined;
  private readonly resize: ResizeObserver;
  private readonly unlisten: () => void;
  private readonly inView = new InView(() => this.plot?.setData(this.data()));

  constructor(
    private readonly options: ChartOptions,
    private readonly history: HistoryBuffer,
    private readonly seconds: () => number, // how much of the past to show
    private readonly onMoment: (seconds: Figure) => void, // the time under the pointer; null: now
  ) {
    this.figures = options.series.map(() => h('span', { class: 'legend-figure' }, notMeasured));
    const single = options.series.length === 1;
    const legend = options.series.map(({ label, dash }, i) =>
      h('span', { class: `legend-item series-${i + 1}${dash ? ' dashed' : ''}` }, ...(single ? [] : [h('span', { class: 'legend-line' }), label, ' ']), this.figures[i]!),
    );
    const below = h('div', { class: single ? 'legend' : 'legend below' }, ...legend);
    this.element = chartFigure(options.title, options.hint, below, this.place);
    this.resize = new ResizeObserver(() => this.fit());
    this.resize.observe(this.place);
    this.unlisten = onThemeChange(() => this.make());
    this.inView.watch(this.element);
  }

  // Draws what the history holds now: out of view its figures only.
  update(): void {
    if (!this.plot) return;
    if (this.inView.has(this.element)) this.plot.setData(this.data());
    this.write();
  }

  close(): void {
    this.resize.disconnect();
    this.unlisten();
    this.inView.forget(this.element);
    this.plot?.destroy();
    this.plot = undefined;
  }

  private data(): uPlot.AlignedData {
    return [this.history.time, ...this.options.series.map(({ name }) => this.history.column(name))] as uPlot.AlignedData;
  }

  private fit(): void {
    fitPlot(this.plot, this.place, height, () => this.make());
  }

  private make(): void {
    const width = Math.floor(this.place.clientWidth);
    if (width === 0) return;
    this.plot?.destroy();
    this.plot = new uPlot(this.settings(width), this.data(), this.place);
    this.write();
  }

  private settings(width: number): uPlot.Options {
    const { colour, axis, grid } = look();
    return {
      width,
      height,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'stirbar' }, points: { size: 6 } },
      scales: {
        x: { time: true, range: () => this.span() },
        y: { range: (_, __, top) => scaleTop(top, this.options.least, this.options.most) },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 22, gap: 4, space: 64, incrs: timeSteps, values: (plot, times) => times.map((time) => (fits(plot, time) ? label(time) : '')) },
        { ...axis, grid, size: 58, gap: 6, space: 28, ...(this.options.whole ? { incrs: wholeSteps } : {}), values: (_, ticks) => ticks.map((v) => this.options.format(v)) },
      ],
      series: [
        {},
        ...this.options.series.map(({ label: name, dash }, i) => ({
          ...line(i, name, colour),
          ...(this.options.series.length === 1 ? { fill: `${colour('--series-1')}1c` } : {}),
          ...(dash ? { dash } : {}),
        })),
      ],
      hooks: { setCursor: [() => this.write()] },
    };
  }

  private span(): [number, number] {
    const { time } = this.history;
    const last = time[time.length - 1] ?? Date.now() / 1000;
    const first = time[0] ?? last;
    return [Math.max(last - this.seconds(), Math.min(first, last - shortest)), last];
  }

  private write(): void {
    const { time } = this.history;
    const index = this.plot?.cursor.idx ?? null;
    const at = index ?? time.length - 1;
    this.options.series.forEach(({ name }, i) => {
      setText(this.figures[i]!, this.options.format(this.history.column(name)[at] ?? null));
    });
    this.onMoment(index === null ? null : (time[index] ?? null));
    if (index === null) setAttribute(this.place, 'aria-label', this.description(at));
  }

  private description(at: number): string {
    const now = this.options.series.map(({ name, label: text }) => {
      return `${text} ${this.options.format(this.history.column(name)[at] ?? null)}`;
    });
    return `${this.options.title} over time, now: ${now.join(', ')}`;
  }
}

function fits(plot: uPlot, time: number): boolean {
  const at = plot.valToPos(time, 'x');
  return at >= margins[0] && at <= plot.bbox.width / devicePixelRatio - margins[1];
}

function label(seconds: number): string {
  const text = clock(seconds * 1000);
  return text.endsWith(':00') ? text.slice(0, 5) : text;
}

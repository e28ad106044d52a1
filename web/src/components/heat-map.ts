// The heat map of latencies: time to the right, duration upwards, the more requests the stronger the
// colour. The pointer or the arrow keys choose a cell, which is said in words below.
import { clock, duration } from '../format';
import { axisDurations, cellWords, heatStep, heatSteps, heightOf, legendCounts, summary, type HeatMap } from '../latency';
import { onThemeChange } from '../theme';
import { h, setAttribute, setText } from './dom';
import { keyed } from './keyed';

const height = 264;
const margin = { left: 58, right: 12, top: 8, bottom: 22 };
const font = '11px ';

interface Cell {
  column: number;
  row: number;
}

export class HeatMapView {
  readonly element: HTMLElement;
  private readonly canvas = h('canvas', { class: 'heat-canvas', role: 'img', tabindex: '0' });
  private readonly said = h('p', { class: 'heat-said', 'aria-live': 'polite' });
  private readonly summary = h('p', { class: 'heat-summary' });
  private readonly legend = h('ul', { class: 'heat-legend', 'aria-label': 'Requests per cell' });
  private readonly resize = new ResizeObserver(() => this.draw());
  private readonly unlisten = onThemeChange(() => this.draw());
  private map: HeatMap | undefined;
  private mark: number | null = null;
  private cell: Cell | null = null;

  constructor() {
    const foot = h('div', { class: 'heat-foot' }, h('div', { class: 'heat-words' }, this.said, this.summary), this.legend);
    this.element = h('div', { class: 'heat' }, this.canvas, foot);
    this.resize.observe(this.canvas);
    this.canvas.addEventListener('pointermove', (event) => this.point(event));
    this.canvas.addEventListener('pointerdown', (event) => this.point(event));
    this.canvas.addEventListener('pointerleave', () => document.activeElement !== this.canvas && this.choose(null));
    this.canvas.addEventListener('blur', () => this.choose(null));
    this.canvas.addEventListener('focus', () => this.canvas.matches(':focus-visible') && this.choose(this.cell ?? this.newest()));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
  }

  // `mark`: a duration with a line of its own, such as from which a request is slow.
  update(map: HeatMap, mark: number | null): void {
    // The chosen cell stays the one of its time, which moves to the left.
    const moved = this.cell && this.map ? map.time.indexOf(this.map.time[this.cell.column]!) : -1;
    const same = this.map?.edges[0] === map.edges[0];
    this.map = map;
    this.mark = mark;
    this.cell = this.cell && moved >= 0 && same && this.cell.row < map.edges.length - 1 ? { column: moved, row: this.cell.row } : null;
    const words = summary(map);
    setText(this.summary, words);
    setAttribute(this.canvas, 'aria-label', `Heat map of latency over time. ${words} Arrow keys read single cells.`);
    this.legend.hidden = map.most === 0;
    keyed(this.legend, legendCounts(map.most).map((text, i) => ({ text, step: i + 1 })), (l) => String(l.step), ({ step }) => h('li', {}, h('span', { class: `swatch heat-${step}` }), h('span')), (item, { text }) => setText(item.lastElementChild!, text));
    this.draw();
    this.say();
  }

  close(): void {
    this.resize.disconnect();
    this.unlisten();
  }

  private get rows(): number {
    return Math.max(0, (this.map?.edges.length ?? 0) - 1);
  }

  private newest(): Cell | null {
    const { map } = this;
    if (!map || this.rows === 0) return null;
    const column = map.time.length - 1;
    const counts = map.counts[column] ?? [];
    return { column, row: Math.max(0, counts.indexOf(Math.max(...counts))) };
  }

  private choose(cell: Cell | null): void {
    if (cell?.column === this.cell?.column && cell?.row === this.cell?.row) return;
    this.cell = cell;
    this.draw();
    this.say();
  }

  private say(): void {
    setText(this.said, this.cell && this.map ? cellWords(this.map, this.cell.column, this.cell.row) : '');
  }

  private point(event: PointerEvent): void {
    const { map } = this;
    if (!map || this.rows === 0) return;
    const place = this.place();
    const column = Math.floor(((event.offsetX - margin.left) / place.width) * map.time.length);
    const up = 1 - (event.offsetY - margin.top) / place.height;
    const row = map.edges.findIndex((edge, i) => i > 0 && up < heightOf(edge, map.edges)) - 1;
    const inside = column >= 0 && column < map.time.length && up >= 0 && row >= 0;
    this.choose(inside ? { column, row } : null);
  }

  private key(event: KeyboardEvent): void {
    const { map } = this;
    const by: Record<string, [columns: number, rows: number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], Home: [-Infinity, 0], End: [Infinity, 0], PageUp: [-6, 0], PageDown: [6, 0] };
    const step = by[event.key];
    const from = this.cell ?? this.newest();
    if (event.key === 'Escape') this.choose(null);
    if (!step || !map || !from) return;
    event.preventDefault();
    const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
    this.choose({ column: within(from.column + step[0], map.time.length - 1), row: within(from.row + step[1], this.rows - 1) });
  }

  private place(): { width: number; height: number } {
    return { width: this.canvas.clientWidth - margin.left - margin.right, height: height - margin.top - margin.bottom };
  }

  private draw(): void {
    const width = this.canvas.clientWidth;
    const context = this.canvas.getContext('2d');
    if (!context || !this.map || width <= margin.left + margin.right) return;
    const ratio = devicePixelRatio || 1;
    const [w, hgt] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== hgt) this.canvas.height = hgt;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = font + colour('--font');
    this.drawAxes(context, colour);
    this.drawCells(context, Array.from({ length: heatSteps }, (_, i) => colour(`--heat-${i + 1}`)));
    this.drawMark(context, colour);
    this.drawCursor(context, colour);
  }

  private drawAxes(context: CanvasRenderingContext2D, colour: (name: string) => string): void {
    const map = this.map!;
    const { width, height: tall } = this.place();
    context.fillStyle = colour('--heat-0');
    context.fillRect(margin.left, margin.top, width, tall);
    context.fillStyle = colour('--text-3');
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (const seconds of axisDurations(map.edges, 7)) {
      const y = margin.top + tall * (1 - heightOf(seconds, map.edges));
      context.fillRect(margin.left - 4, Math.round(y), 4, 1);
      context.fillText(duration(seconds), margin.left - 7, Math.min(Math.max(y, margin.top + 5), margin.top + tall - 4));
    }
    context.textBaseline = 'top';
    context.textAlign = 'center';
    const every = width > 560 ? 120 : 300;
    map.time.forEach((time, column) => {
      const x = margin.left + (column / map.time.length) * width;
      if (time % every >= map.interval || x < margin.left + 12 || x > margin.left + width - 12) return;
      context.fillRect(Math.round(x), margin.top + tall, 1, 4);
      context.fillText(clock(time * 1000).slice(0, 5), x, margin.top + tall + 7);
    });
  }

  // Where a cell stands, in whole pixels: neighbours meet, or leave one pixel where there is room.
  private box({ column, row }: Cell): [x: number, y: number, width: number, height: number] {
    const map = this.map!;
    const { width, height: tall } = this.place();
    const x = (at: number) => margin.left + Math.round((at / map.time.length) * width);
    const y = (at: number) => margin.top + Math.round(tall * (1 - heightOf(map.edges[at]!, map.edges)));
    const gap = width / map.time.length >= 5 ? 1 : 0;
    return [x(column), y(row + 1), x(column + 1) - x(column) - gap, y(row) - y(row + 1) - gap];
  }

  private drawCells(context: CanvasRenderingContext2D, colours: string[]): void {
    this.map!.counts.forEach((counts, column) => {
      counts.forEach((requests, row) => {
        const step = heatStep(requests, this.map!.most);
        if (step === 0) return;
        context.fillStyle = colours[step - 1]!;
        context.fillRect(...this.box({ column, row }));
      });
    });
  }

  private drawMark(context: CanvasRenderingContext2D, colour: (name: string) => string): void {
    const { edges } = this.map!;
    if (this.mark === null || this.mark <= (edges[0] ?? 0) || this.mark >= (edges[edges.length - 1] ?? 0)) return;
    const { width, height: tall } = this.place();
    const y = Math.round(margin.top + tall * (1 - heightOf(this.mark, edges))) + 0.5;
    context.strokeStyle = context.fillStyle = colour('--text-2');
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(margin.left, y);
    context.lineTo(margin.left + width, y);
    context.stroke();
    context.setLineDash([]);
    context.textBaseline = 'bottom';
    context.textAlign = 'left';
    context.fillText('slow', margin.left + 4, y - 2);
  }

  private drawCursor(context: CanvasRenderingContext2D, colour: (name: string) => string): void {
    if (!this.cell) return;
    const [x, y, width, tall] = this.box(this.cell);
    context.strokeStyle = colour('--text');
    context.lineWidth = 1.5;
    context.strokeRect(x - 1, y - 1, width + 2, tall + 2);
    context.lineWidth = 1;
  }
}

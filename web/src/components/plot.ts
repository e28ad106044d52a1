// What all charts over time share: how a line, its axes and its legend look.
import type uPlot from 'uplot';
import type { Figure } from '../model';
import { h } from './dom';

export interface Look {
  colour: (name: string) => string; // of the theme that holds now
  axis: uPlot.Axis;
  grid: uPlot.Axis.Grid;
}

export function look(): Look {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--text-3'), font: `11px ${colour('--font')}`, ticks: { show: false } };
  return { colour, axis, grid: { stroke: colour('--grid'), width: 1 } };
}

// The line number `i` of a chart.
export function line(i: number, label: string, colour: Look['colour']): uPlot.Series {
  const stroke = colour(`--series-${i + 1}`);
  return {
    label,
    stroke,
    width: 1.5,
    points: { show: false, filter: (plot: uPlot, of: number) => alone(plot.data[of]!), size: 4, fill: stroke, width: 0 },
  };
}

// From zero: what is there, with some air above it, but at least `least` and at most `most`.
export function scaleTop(top: number | null, least: number, most = Infinity): [number, number] {
  return [0, Math.min(most, Math.max(least, (top ?? 0) * 1.1))];
}

export function chartFigure(title: string, hint: string, legend: HTMLElement, place: HTMLElement): HTMLElement {
  const head = h('figcaption', { class: 'chart-head' }, h('h3', { class: 'chart-title', title: hint }, title), legend);
  return h('figure', { class: 'chart panel' }, head, place);
}

// Makes the plot where there is none, or gives it the width of its place.
export function fitPlot(plot: uPlot | undefined, place: HTMLElement, height: number, make: () => void): void {
  const width = Math.floor(place.clientWidth);
  if (width === 0) return;
  if (!plot) make();
  else if (plot.width !== width) plot.setSize({ width, height });
}

// A figure between two gaps makes no line: it is drawn as a dot.
function alone(figures: ArrayLike<Figure | undefined>): number[] {
  const dots: number[] = [];
  for (let i = 0; i < figures.length; i++) {
    if (figures[i] != null && figures[i - 1] == null && figures[i + 1] == null) dots.push(i);
  }
  return dots;
}

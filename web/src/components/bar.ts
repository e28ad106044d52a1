// A figure with a small bar that compares it with the other rows. `share` is 0..1; null draws no bar.
import { h, setFigure } from './dom';

export function drawBar(cell: HTMLElement, text: string, share: number | null, title: string | null = null): void {
  let fill = cell.querySelector<HTMLElement>('.bar-fill');
  if (!fill) {
    fill = h('span', { class: 'bar-fill' });
    const bar = h('span', { class: 'bar', 'aria-hidden': 'true' }, fill);
    cell.replaceChildren(h('span', { class: 'bar-figure' }), bar);
    cell.classList.add('with-bar');
  }
  setFigure(cell.firstElementChild!, text, title);
  fill.parentElement!.hidden = share === null;
  const width = `${Math.round(Math.min(1, Math.max(0, share ?? 0)) * 100)}%`;
  if (fill.style.width !== width) fill.style.width = width;
}

// A key figure: what it is, how much it is, and what that means.
import { h, setAttribute, setFigure, setText } from './dom';
import type { Tone } from '../status';
import { icon } from './icon';

export class Tile {
  readonly element: HTMLElement;
  private readonly figure = h('dd', { class: 'tile-figure' });
  private readonly note = h('dd', { class: 'tile-note' });
  private readonly mark = h('span', { class: 'tile-mark' });

  constructor(label: string, hint: string) {
    const term = h('dt', { class: 'tile-label' }, label, this.mark);
    this.element = h('div', { class: 'tile', title: hint }, term, this.figure, this.note);
  }

  // A tone other than null marks a figure that asks for attention.
  update(figure: string, note: string, tone: Tone | null = null): void {
    setFigure(this.figure, figure);
    setText(this.note, note);
    if (this.element.dataset.tone === (tone ?? undefined)) return;
    setAttribute(this.element, 'data-tone', tone);
    this.mark.replaceChildren(...(tone ? [icon(tone), h('span', { class: 'unseen' }, tone)] : []));
  }
}

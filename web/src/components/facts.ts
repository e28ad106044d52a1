// Figures with their names, side by side.
import type { Tone } from '../status';
import { h, setAttribute, setFigure, setText } from './dom';
import { keyed } from './keyed';

export interface Fact {
  term: string;
  figure: string;
  hint?: string; // what it means
  tone?: Tone | null; // asks for attention
}

export function newFacts(label: string): HTMLElement {
  return h('dl', { class: 'fact-list', 'aria-label': label });
}

export function drawFacts(list: HTMLElement, facts: readonly Fact[]): void {
  keyed(list, facts, (f) => f.term, ({ term, hint }) => h('div', { class: 'fact', ...(hint ? { title: hint } : {}) }, h('dt', {}, term), h('dd')), (item, fact) => {
    setAttribute(item, 'data-tone', fact.tone ?? null);
    setFigure(item.lastElementChild!, fact.figure);
  });
}

// A sentence that is hidden while there is nothing to say.
export function drawSentence(place: HTMLElement, text: string): void {
  place.hidden = text === '';
  setText(place, text);
}

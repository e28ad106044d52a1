// One bar of how a pool is used, with its figures below: told apart by word, place and pattern.
import { integer } from '../format';
import type { Pool } from '../model';
import { useNames, useSentence, usesOf, useWords, type Use } from '../pools';
import { h, setAttribute, setText } from './dom';

export function newUseBar(): HTMLElement {
  const parts = useNames.map((name) => h('span', { class: `use use-${name}` }));
  const items = useNames.map((name) =>
    h('li', { title: useWords[name].meaning }, h('span', { class: `swatch use-${name}`, 'aria-hidden': 'true' }), h('strong'), ` ${useWords[name].word}`),
  );
  return h('div', { class: 'use-place' }, h('div', { class: 'use-bar', role: 'img' }, ...parts), h('ul', { class: 'use-figures' }, ...items));
}

export function drawUseBar(place: Element, pool: Pool): void {
  const [bar, list] = place.children;
  setAttribute(bar!, 'aria-label', useSentence(pool));
  usesOf(pool).forEach((use, i) => {
    const part = bar!.children[i] as HTMLElement;
    const width = `${Math.round(use.share * 1000) / 10}%`;
    if (part.style.width !== width) part.style.width = width;
    part.hidden = use.share === 0;
    const item = list!.children[i]!;
    setText(item.children[1]!, figure(use));
    setAttribute(item, 'data-zero', use.value === 0 ? '' : null);
  });
}

function figure({ name, value }: Use): string {
  return value === null && name === 'free' ? 'unlimited' : integer(value);
}

// A state: icon, word and colour. The word alone is enough to understand it.
import type { Tone } from '../status';
import { h, setAttribute, setText } from './dom';
import { icon } from './icon';

// Draws or changes the one pill in `place`.
export function drawPill(place: Element, tone: Tone, word: string, title = ''): void {
  let pill = place.querySelector<HTMLElement>(':scope > .pill');
  if (!pill) {
    pill = h('span', { class: 'pill' }, h('span', { class: 'pill-word' }));
    place.replaceChildren(pill);
  }
  if (pill.dataset.tone !== tone) {
    pill.dataset.tone = tone;
    pill.querySelector('.icon')?.remove();
    pill.prepend(icon(tone));
  }
  setText(pill.lastElementChild!, word);
  setAttribute(pill, 'title', title || null);
}

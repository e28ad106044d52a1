// A part of a page, titled unless it is all of the page. `more` stands at the right of the title.
import { h } from './dom';

export function panel(title: string, body: Node[], more: Node[] = [], hint = ''): HTMLElement {
  const head = h('div', { class: 'panel-head' });
  if (title) head.append(h('h2', { class: 'panel-title' }, title));
  if (hint) head.append(h('span', { class: 'hint' }, hint));
  if (more.length) head.append(h('div', { class: 'panel-more' }, ...more));
  return h('section', { class: 'panel', ...(title ? { 'aria-label': title } : {}) }, head, ...body);
}

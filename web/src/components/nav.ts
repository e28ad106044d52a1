// The list of pages, in groups. On narrow screens it opens below the menu button.
import type { Page } from '../page';
import { pageAddress } from '../site';
import { h, part, setAttribute } from './dom';
import { icon } from './icon';

export class Nav {
  private readonly links = new Map<string, HTMLAnchorElement>();
  private readonly button = part('menu');

  constructor(place: Element, pages: readonly Page[]) {
    const groups = [...new Set(pages.map((page) => page.group))];
    for (const group of groups) {
      const items = pages.filter((page) => page.group === group).map((page) => h('li', {}, this.link(page)));
      const list = h('ul', { class: 'nav-list', 'aria-label': group }, ...items);
      place.append(h('div', { class: 'nav-group' }, h('span', { class: 'nav-title', 'aria-hidden': 'true' }, group), list));
    }
    this.button.addEventListener('click', () => this.open(this.button.getAttribute('aria-expanded') !== 'true'));
    document.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.button.getAttribute('aria-expanded') !== 'true') return;
      this.open(false);
      this.button.focus();
    });
  }

  mark(path: string): void {
    for (const [key, link] of this.links) setAttribute(link, 'aria-current', key === path ? 'page' : null);
    this.open(false);
  }

  private open(open: boolean): void {
    this.button.setAttribute('aria-expanded', String(open));
  }

  private link(page: Page): HTMLAnchorElement {
    const link = h('a', { class: 'nav-link', href: pageAddress(page.path) }, icon(page.icon), page.title);
    this.links.set(page.path, link);
    return link;
  }
}

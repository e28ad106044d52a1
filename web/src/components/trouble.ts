// Why something cannot be shown, in words, with the address where it can.
import { Refused } from '../api';
import { ownPage } from '../site';
import { h, setAttribute, setText } from './dom';

export class Trouble {
  readonly element: HTMLElement;
  private readonly words = h('span');
  private readonly link = h('a', { rel: 'noreferrer' });

  // `path`: the page here, which the supervisor has as well.
  constructor(private readonly what: string, private readonly path: string) {
    this.element = h('p', { class: 'trouble', role: 'status' }, this.words, ' ', this.link);
    this.element.hidden = true;
  }

  update(error: Error | undefined): void {
    this.element.hidden = error === undefined;
    if (!error) return;
    const refused = error instanceof Refused ? error : undefined;
    const url = ownPage(refused?.url ?? '', this.path);
    setText(this.words, refused?.said ? sentence(refused.said) : `${this.what}: ${refused ? error.message : 'the supervisor does not answer'}.`);
    this.link.hidden = url === null;
    if (url) {
      setAttribute(this.link, 'href', url);
      setText(this.link, url);
    }
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

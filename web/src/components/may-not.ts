// Why somebody cannot change a setting, and what to do about it.
import type { Session } from '../session';
import { live, loginAddress, ownPage } from '../site';
import { h, setAttribute, setText } from './dom';

export class MayNot {
  readonly element: HTMLElement;
  private readonly words = h('span');
  private readonly link = h('a');

  // `path`: the page here, which the supervisor has as well.
  constructor(private readonly path: string) {
    this.element = h('p', { class: 'may-not' }, this.words, ' ', this.link);
  }

  // `url`: of the supervisor's own pages.
  update(session: Session | undefined, url: string): void {
    const [text, href, name] = this.reason(session, url);
    this.element.hidden = text === '';
    setText(this.words, text);
    this.link.hidden = href === '';
    setText(this.link, name);
    setAttribute(this.link, 'href', href || null);
  }

  private reason(session: Session | undefined, url: string): [string, string, string] {
    if (live === 'poll') {
      const own = ownPage(url, this.path);
      return own ? ['Settings are changed on the supervisor’s own page:', own, own] : ['Settings are changed on the supervisor’s own pages; it has none here: give it --listen.', '', ''];
    }
    if (!session || session.role === 'operator') return ['', '', ''];
    if (!session.can_log_in) return ['Nothing can be changed: the supervisor could not keep an access token; its log says why.', '', ''];
    if (session.csrf !== null) return ['You are logged in with the reader’s token, which changes nothing. Log out, and log in with the operator’s.', '', ''];
    return ['You may read. To change a setting, log in with the operator’s token:', loginAddress(this.path), 'Log in'];
  }
}

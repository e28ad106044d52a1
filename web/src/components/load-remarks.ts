// What the overview says first: requests are refused, or some are stuck. With the page that tells more.
import { duration, integer } from '../format';
import type { Snapshot } from '../model';
import { byWhom, levelTone, levelWords, since } from '../shedding';
import { pageAddress } from '../site';
import { sorted } from '../sort';
import type { Tone } from '../status';
import { h, setAttribute, setText } from './dom';
import { icon } from './icon';
import { keyed } from './keyed';

interface Remark {
  name: string;
  tone: Tone;
  text: string;
  page: string;
  link: string;
}

export function remarks({ traffic, in_flight: requests }: Pick<Snapshot, 'traffic' | 'in_flight'>): Remark[] {
  const found: Remark[] = [];
  if (traffic.shed_level > 0) {
    const age = since(traffic.level_age_seconds);
    const text = `Shedding ${age ? `${age}, ` : ''}${byWhom(traffic)}: ${levelWords(traffic.shed_level)}. ${traffic.shed_reason}`;
    found.push({ name: 'shedding', tone: levelTone(traffic.shed_level), text, page: '/load', link: 'Why, and how to change it' });
  }
  const stuck = sorted(requests.filter((r) => r.stuck), (r) => r.age_seconds, 'descending');
  if (stuck.length) {
    const oldest = stuck[0]!;
    const whole = stuck.length === 1 ? '1 request is stuck' : `${integer(stuck.length)} requests are stuck`;
    const text = `${whole}: ${stuck.length === 1 ? '' : 'the oldest is '}${oldest.route} in worker ${oldest.slot}, for ${duration(Math.floor(oldest.age_seconds))}.`;
    found.push({ name: 'stuck', tone: 'critical', text, page: '/in-flight', link: 'See what it does' });
  }
  return found;
}

export class LoadRemarks {
  readonly element = h('div', { class: 'remarks' });

  update(snapshot: Snapshot): void {
    const found = remarks(snapshot);
    this.element.hidden = found.length === 0;
    keyed(
      this.element,
      found,
      (r) => r.name,
      (r) => h('p', { class: 'remark' }, h('span', { class: 'notice-sign' }), h('span', { class: 'notice-text' }), h('a', { href: pageAddress(r.page) }, r.link)),
      (element, r) => {
        if (element.getAttribute('data-tone') !== r.tone) element.firstElementChild!.replaceChildren(icon(r.tone));
        setAttribute(element, 'data-tone', r.tone);
        setText(element.children[1]!, r.text);
      },
    );
  }
}

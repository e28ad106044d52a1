// Alerts that fire, what to do about them, and what could not be measured.
import { moment, words } from '../format';
import type { Alert, Recommendation, Snapshot } from '../model';
import { toneOf } from '../status';
import { drawAge } from './ages';
import { h, setText } from './dom';
import { keyed } from './keyed';
import { panel } from './panel';
import { drawPill } from './pill';

export class Findings {
  readonly element: HTMLElement;
  private readonly alerts = h('ul', { class: 'findings' });
  private readonly noAlert = h('p', { class: 'empty' }, 'No alert fires.');
  private readonly advice = h('ul', { class: 'findings' });
  private readonly noAdvice = h('p', { class: 'empty' }, 'Nothing to recommend: no figure asks for a change.');
  private readonly missing = h('ul', { class: 'missing' });
  private readonly missingPanel = panel('Not measured', [this.missing], [], 'why some figures show –');

  constructor() {
    this.element = h(
      'div',
      { class: 'pair' },
      panel('Alerts', [this.alerts, this.noAlert]),
      panel('Recommendations', [this.advice, this.noAdvice]),
      this.missingPanel,
    );
  }

  update(s: Snapshot): void {
    const { alerts, recommendations } = s.health;
    const now = Date.parse(s.time);
    this.noAlert.hidden = alerts.length > 0;
    this.noAdvice.hidden = recommendations.length > 0;
    keyed(this.alerts, alerts, (a) => `${a.rule}/${a.slot}`, newFinding, (item, a) => drawAlert(item, a, now));
    keyed(this.advice, recommendations, (r) => `${r.component}/${r.text}`, newFinding, drawAdvice);
    const missing = Object.entries(s.unavailable);
    this.missingPanel.hidden = missing.length === 0;
    keyed(this.missing, missing, ([name]) => name, () => h('li', {}, h('strong'), ' ', h('span')), (item, [name, why]) => {
      setText(item.firstElementChild!, words(name));
      setText(item.lastElementChild!, why);
    });
  }
}

// severity | text, and a line of smaller text below: two places
export function newFinding(): HTMLElement {
  const small = h('p', { class: 'finding-small' }, h('span'), h('span', { class: 'finding-age' }));
  return h('li', { class: 'finding' }, h('span'), h('div', {}, h('p', { class: 'finding-text' }), small));
}

function places(item: Element): { pill: Element; text: Element; small: Element; age: Element } {
  const small = item.querySelector('.finding-small')!;
  return { pill: item.firstElementChild!, text: item.querySelector('.finding-text')!, small: small.firstElementChild!, age: small.lastElementChild! };
}

function drawAlert(item: Element, alert: Alert, now: number): void {
  const { pill, text, small, age } = places(item);
  drawPill(pill, toneOf(alert.severity), alert.severity);
  setText(text, alert.message);
  setText(small, `${words(alert.rule)} · since ${moment(alert.since)}, for `);
  drawAge(age, (now - Date.parse(alert.since)) / 1000);
}

export function drawAdvice(item: Element, advice: Pick<Recommendation, 'severity' | 'text' | 'evidence'>): void {
  const { pill, text, small } = places(item);
  drawPill(pill, toneOf(advice.severity), advice.severity);
  setText(text, advice.text);
  setText(small, advice.evidence ? `Seen: ${advice.evidence}` : '');
}

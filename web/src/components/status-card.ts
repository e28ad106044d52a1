// The answer to "is my app well?": one word, the reasons, and each component.
import type { Snapshot } from '../model';
import { toneOf, type Tone } from '../status';
import { h, setAttribute, setText } from './dom';
import { icon } from './icon';
import { keyed } from './keyed';
import { drawPill } from './pill';

const sentences: Record<string, string> = {
  healthy: 'Healthy: the app answers',
  warning: 'Warning: the app answers, but look at this',
  critical: 'Critical: the app needs help now',
};

export class StatusCard {
  readonly element: HTMLElement;
  private readonly sign = h('span', { class: 'status-sign' });
  private readonly sentence = h('h2', { class: 'status-sentence' });
  private readonly reasons = h('ul', { class: 'status-reasons' });
  private readonly components = h('ul', { class: 'status-components', 'aria-label': 'Components' });
  private tone: Tone | undefined;

  constructor() {
    const text = h('div', { class: 'status-text' }, this.sentence, this.reasons);
    this.element = h('section', { class: 'status panel', 'aria-label': 'Status' }, this.sign, text, this.components);
  }

  update(s: Snapshot): void {
    const ended = !s.app.server_alive;
    const tone = ended ? 'unknown' : s.workers.length || s.status !== 'healthy' ? toneOf(s.status) : 'info';
    if (tone !== this.tone) {
      this.tone = tone;
      this.element.dataset.tone = tone;
      this.sign.replaceChildren(icon(tone));
    }
    setText(this.sentence, sentence(s));
    const reasons = ended ? ['Its server process is gone.'] : s.reasons.length ? s.reasons : [calm(s)];
    keyed(this.reasons, reasons.map((text, i) => ({ text, i })), ({ i }) => String(i), () => h('li'), (li, { text }) => setText(li, text));
    this.components.hidden = ended;
    keyed(
      this.components,
      Object.entries(s.health.components),
      ([name]) => name,
      ([name]) => h('li', {}, h('span', { class: 'component-name' }, name), h('span')),
      (li, [name, status]) => {
        drawPill(li.lastElementChild!, toneOf(status), status);
        setAttribute(li, 'title', s.health.component_reasons[name] || null);
      },
    );
  }
}

function sentence(s: Snapshot): string {
  if (!s.app.server_alive) return 'Ended: the app runs no more';
  if (s.workers.length === 0 && s.status === 'healthy') return 'Waiting for the first worker';
  return sentences[s.status] ?? `Status: ${s.status}`;
}

function calm(s: Snapshot): string {
  if (s.workers.length === 0) return 'No worker has reported yet.';
  if (s.totals.requests === 0) return 'No request yet. Open a page of the app and its figures appear here.';
  return s.workers.length === 1 ? 'The worker serves, and nothing is near its limit.' : `${s.workers.length} workers serve, and nothing is near its limit.`;
}

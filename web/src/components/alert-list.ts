// The alerts that fire or are about to, each with what can be done about it.
import { acknowledge, keyOf, stateWord, toldWords, type AlertRow } from '../alerts';
import { moment, words } from '../format';
import { toneOf } from '../status';
import { actionButton, allow, relabel } from './action-button';
import { drawAge } from './ages';
import { h, setText } from './dom';
import { keyed } from './keyed';
import { drawPill } from './pill';

export class AlertList {
  readonly element: HTMLElement;
  private readonly list = h('ul', { class: 'findings' });
  private readonly none = h('p', { class: 'empty' }, 'No alert fires.');
  private readonly rows = new WeakMap<Element, AlertRow>();
  private reason = '';

  constructor(
    private readonly after: (text: string, failed: boolean) => void,
    private readonly silence: (matcher: string) => void,
  ) {
    this.element = h('div', {}, this.list, this.none);
  }

  // `reason`: why nothing can be changed; else empty.
  update(rows: readonly AlertRow[], now: number, reason: string, none: string): void {
    this.reason = reason;
    this.none.hidden = rows.length > 0;
    setText(this.none, none);
    keyed(this.list, rows, (row) => row.id, () => this.item(), (item, row) => this.draw(item, row, now));
  }

  private item(): HTMLElement {
    const item = h('li', { class: 'finding alert' });
    const ack = actionButton('Acknowledge', () => this.acknowledge(item), this.after);
    const silence = actionButton('Silence…', async () => this.silence(`rule=${this.rows.get(item)!.rule}`), this.after);
    const small = h('p', { class: 'finding-small' }, h('span'), h('span', { class: 'finding-age' }), h('span'));
    item.append(
      h('span'),
      h('div', {}, h('p', { class: 'finding-text' }), small, h('p', { class: 'finding-small', hidden: '' })),
      h('div', { class: 'alert-state' }, h('span')),
      h('div', { class: 'alert-actions' }, ack, silence),
    );
    return item;
  }

  private async acknowledge(item: Element): Promise<void> {
    const row = this.rows.get(item)!;
    await acknowledge(row.id, row.acknowledged !== null);
    this.after(row.acknowledged ? `${keyOf(row)}: the acknowledgement is taken back.` : `${keyOf(row)} is acknowledged: it is not told again.`, false);
  }

  private draw(item: Element, row: AlertRow, now: number): void {
    this.rows.set(item, row);
    const [pill, text, state, actions] = [...item.children] as HTMLElement[];
    drawPill(pill!, row.state === 'pending' ? 'unknown' : toneOf(row.severity), row.severity);
    const [message, small, more] = [...text!.children] as HTMLElement[];
    setText(message!, row.message);
    const worker = row.slot === null ? '' : ` · worker ${row.slot}`;
    const since = row.fired ?? row.since;
    setText(small!.children[0]!, `${words(row.rule)}${worker} · ${words(row.component)} · since ${since ? moment(since) : '–'}, for `);
    drawAge(small!.children[1]!, since ? (now - Date.parse(since)) / 1000 : null);
    const told = row.state === 'pending' ? 'not for long enough yet' : toldWords(row);
    setText(small!.children[2]!, told ? ` · ${told}` : '');
    const { acknowledged } = row;
    more!.hidden = acknowledged === null;
    if (acknowledged) setText(more!, `Acknowledged by the ${acknowledged.by} at ${moment(acknowledged.time)}${acknowledged.comment ? `: ${acknowledged.comment}` : ''}`);
    const word = stateWord(row);
    drawPill(state!.firstElementChild!, word === 'firing' ? toneOf(row.severity) : word === 'flapping' ? 'warning' : 'info', word);
    const [ack, silence] = [...actions!.children] as HTMLButtonElement[];
    actions!.hidden = row.state !== 'firing';
    relabel(ack!, acknowledged ? 'Take back' : 'Acknowledge');
    ack!.setAttribute('aria-label', `${acknowledged ? 'Take back the acknowledgement of' : 'Acknowledge'} ${keyOf(row)}`);
    silence!.setAttribute('aria-label', `Silence ${row.rule}`);
    allow(ack!, this.reason);
    allow(silence!, this.reason);
  }
}

// The silences, and the form that makes one.
import { expire, parseMatchers, silence, type Silence } from '../alerts';
import { moment } from '../format';
import { actionButton, allow } from './action-button';
import { h, setAttribute, setText } from './dom';
import { drawPill } from './pill';
import { Table } from './table';

const durations: [words: string, seconds: number][] = [
  ['30 minutes', 1800],
  ['2 hours', 7200],
  ['8 hours', 28_800],
  ['1 day', 86_400],
  ['1 week', 604_800],
  ['30 days', 2_592_000],
];

export class Silences {
  readonly element: HTMLElement;
  private readonly match = h('input', { class: 'filter', type: 'text', id: 'silence-match', 'aria-label': 'What', placeholder: 'rule=memory worker=3', autocomplete: 'off', maxlength: '400' });
  private readonly time = h('select', { class: 'filter', id: 'silence-time' }, ...durations.map(([text, seconds]) => h('option', { value: String(seconds) }, text)));
  private readonly comment = h('input', { class: 'filter', type: 'text', id: 'silence-comment', 'aria-label': 'Comment', placeholder: 'why', autocomplete: 'off', maxlength: '400' });
  private readonly submit: HTMLButtonElement;
  private readonly table: Table<Silence>;
  private reason = '';

  constructor(private readonly after: (text: string, failed: boolean) => void) {
    this.submit = actionButton('Silence', () => this.make(), after);
    const field = (label: string, input: HTMLElement) => h('div', { class: 'field' }, h('label', { for: input.id }, label), input);
    const form = h('div', { class: 'silence-form', role: 'group', 'aria-label': 'New silence' }, field('What', this.match), field('For', this.time), field('Comment', this.comment), this.submit);
    for (const input of [this.match, this.comment]) {
      input.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') this.submit.click();
      });
    }
    this.table = new Table<Silence>({
      label: 'Silences, newest first',
      columns: [
        { title: 'State', draw: (cell, s) => drawPill(cell, s.state === 'active' ? 'info' : 'unknown', s.state) },
        {
          title: 'What',
          draw(cell, s) {
            setText(cell, s.matchers.join(' '));
            setAttribute(cell, 'data-mono', '');
          },
        },
        { title: 'Until', draw: (cell, s) => setText(cell, moment(s.end)) },
        { title: 'By', draw: (cell, s) => setText(cell, s.author) },
        { title: 'Comment', wide: true, draw: (cell, s) => setText(cell, s.comment) },
        { title: 'End', draw: (cell, s) => this.drawEnd(cell, s) },
      ],
      key: (s) => s.id,
      empty: 'Nothing is silenced.',
    });
    this.element = h('div', {}, form, this.table.element);
  }

  update(rows: readonly Silence[], reason: string): void {
    this.reason = reason;
    allow(this.submit, reason);
    for (const input of [this.match, this.time, this.comment]) input.disabled = reason !== '';
    this.table.update(rows);
  }

  // Fills the form in; nothing is silenced before somebody says so.
  fill(matcher: string): void {
    this.match.value = matcher;
    this.match.scrollIntoView({ block: 'center' });
    this.comment.focus({ preventScroll: true });
  }

  private async make(): Promise<void> {
    const { matchers, wrong } = parseMatchers(this.match.value);
    if (wrong) {
      this.after(wrong, true);
      this.match.focus();
      return;
    }
    await silence(matchers, Number(this.time.value), this.comment.value.trim());
    this.after(`${matchers.join(' ')} is silenced.`, false);
    this.match.value = '';
    this.comment.value = '';
  }

  private drawEnd(cell: HTMLElement, row: Silence): void {
    let button = cell.querySelector('button');
    if (!button) {
      button = actionButton('End now', async () => {
        await expire(cell.dataset.id!);
        this.after('The silence has ended.', false);
      }, this.after);
      cell.append(button);
    }
    cell.dataset.id = row.id;
    button.hidden = row.state === 'over';
    button.setAttribute('aria-label', `End the silence of ${row.matchers.join(' ')}`);
    allow(button, this.reason);
  }
}

// What was changed at run time, newest first, with a button to take each back.
import { Refused } from '../api';
import { moment, words } from '../format';
import { changeSettings, shown, type Change, type Setting } from '../settings';
import { h, setAttribute, setText } from './dom';
import { panel } from './panel';
import { Table } from './table';

const few = 5; // so that the settings below stay in sight

export class SettingChanges {
  readonly element: HTMLElement;
  private readonly said = h('p', { class: 'setting-said changes-said', role: 'status' });
  private readonly table: Table<Change>;
  private readonly more = h('button', { type: 'button', class: 'button' });
  private types = new Map<string, string>();
  private changes: readonly Change[] = [];
  private all = false;

  constructor(
    private readonly mayChange: () => boolean,
    private readonly onChanged: () => void,
  ) {
    const value = (one: Change, which: 'old' | 'new') => shown(one[which], this.types.get(one.name) ?? '');
    this.table = new Table<Change>({
      label: 'Changes, newest first',
      columns: [
        { title: 'Number', draw: (cell, one) => setText(cell, String(one.number)) },
        {
          title: 'Time',
          draw(cell, one) {
            setText(cell, one.time ? moment(one.time) : '');
            setAttribute(cell, 'title', one.time);
          },
        },
        {
          title: 'Setting',
          draw(cell, one) {
            setText(cell, one.name);
            setAttribute(cell, 'data-mono', '');
          },
        },
        { title: 'Before', numeric: true, draw: (cell, one) => setText(cell, `${value(one, 'old')} (${words(one.old_origin)})`) },
        { title: 'After', numeric: true, draw: (cell, one) => setText(cell, `${value(one, 'new')} (${words(one.new_origin)})`) },
        { title: 'How', draw: (cell, one) => setText(cell, one.reverts === null ? one.kind : `took ${one.reverts} back`) },
        { title: 'Who', wide: true, draw: (cell, one) => setText(cell, one.actor) },
        { title: 'Take back', draw: (cell, one) => this.drawButton(cell, one) },
      ],
      key: (one) => String(one.number),
      empty: 'No setting was changed at run time.',
    });
    this.said.hidden = true;
    this.more.addEventListener('click', () => {
      this.all = !this.all;
      this.draw();
    });
    this.element = panel('Changes at run time', [this.table.element, this.said], [this.more], 'Newest first; the newest 200 are kept');
    this.element.hidden = true;
  }

  update(changes: readonly Change[], settings: readonly Setting[]): void {
    this.types = new Map(settings.map((one) => [one.name, one.type]));
    this.changes = changes;
    this.draw();
  }

  private draw(): void {
    this.element.hidden = this.changes.length === 0;
    this.more.hidden = this.changes.length <= few;
    setText(this.more, this.all ? 'Show fewer' : `Show all ${this.changes.length}`);
    this.table.update(this.all ? this.changes : this.changes.slice(0, few));
  }

  private drawButton(cell: HTMLElement, one: Change): void {
    let button = cell.querySelector('button');
    if (!button) {
      button = h('button', { type: 'button', class: 'button' }, 'Revert');
      button.addEventListener('click', (event) => void this.revert(event.currentTarget as HTMLButtonElement));
      cell.append(button);
    }
    button.hidden = !this.mayChange();
    button.dataset.number = String(one.number);
    setAttribute(button, 'aria-label', `Revert change ${one.number} of ${one.name}`);
  }

  private async revert(button: HTMLButtonElement): Promise<void> {
    const number = Number(button.dataset.number);
    button.disabled = true;
    try {
      const outcome = await changeSettings({ revert: number });
      this.say(outcome.changes.length ? `Change ${number} was taken back.` : `Nothing changes: it is as before change ${number} already.`, 'healthy');
    } catch (error) {
      this.say(error instanceof Refused ? error.said || error.message : 'The supervisor does not answer; nothing was changed.', 'critical');
    } finally {
      button.disabled = false;
      this.onChanged();
    }
  }

  private say(text: string, tone: string): void {
    setText(this.said, text);
    this.said.hidden = false;
    setAttribute(this.said, 'data-tone', tone);
  }
}

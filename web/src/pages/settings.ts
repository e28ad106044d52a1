import { h, setAttribute, setText } from '../components/dom';
import { Filter } from '../components/filter';
import { MayNot } from '../components/may-not';
import { panel } from '../components/panel';
import { SettingChanges } from '../components/setting-changes';
import { drawSettingForm } from '../components/setting-form';
import { Table, type Column } from '../components/table';
import { Trouble } from '../components/trouble';
import { words } from '../format';
import type { Snapshot } from '../model';
import type { Page } from '../page';
import { Repeat } from '../repeat';
import { watchSession, type Session } from '../session';
import { choices, differ, fetchSettings, fromSnapshot, shown, type Setting, type Settings } from '../settings';
import { live } from '../site';
import { filtered } from '../sort';

const everyMs = 10_000; // besides, at once when the snapshot tells of another value

function range(s: Setting): string {
  const some = choices(s.type);
  return some.length ? some.join(', ') : `${shown(s.lowest, s.type)} … ${shown(s.highest, s.type)}`;
}

const columns: Column<Setting>[] = [
  {
    title: 'Setting',
    value: (s) => s.name,
    draw(cell, s) {
      setText(cell, s.name);
      setAttribute(cell, 'data-mono', '');
    },
  },
  {
    title: 'Value',
    numeric: true,
    draw(cell, s) {
      setText(cell, shown(s.value, s.type));
      setAttribute(cell, 'data-strong', s.origin === 'default' ? null : '');
    },
  },
  { title: 'Type', hint: 'Kind or unit of the value', value: (s) => s.type, draw: (cell, s) => setText(cell, words(s.type)) },
  { title: 'Origin', hint: 'Where the value comes from', value: (s) => s.origin, draw: (cell, s) => setText(cell, words(s.origin)) },
  { title: 'Default', numeric: true, draw: (cell, s) => setText(cell, shown(s.default, s.type)) },
  { title: 'Range', hint: 'Values that are taken; others are refused', numeric: true, draw: (cell, s) => setText(cell, range(s)) },
  { title: 'Meaning', wide: true, draw: (cell, s) => setText(cell, s.meaning) },
];

export const page: Page = {
  path: '/settings',
  title: 'Settings',
  group: 'Setup',
  icon: 'settings',
  render(place) {
    const own = live !== 'poll'; // the supervisor's own page, where things can be changed
    let snapshot: Snapshot | undefined;
    let answer: Settings | undefined;
    let session: Session | undefined;
    let error: Error | undefined;

    const mayChange = () => own && session?.role === 'operator';
    const detail = {
      title: 'Details',
      label: (s: Setting) => `${mayChange() ? 'Change' : 'Details of'} ${s.name}`,
      draw: (where: HTMLElement, s: Setting) => drawSettingForm(where, s, { mayChange, onChanged: () => repeat.now() }),
    };
    const table = new Table<Setting>({ label: 'Settings', columns, key: (s) => s.name, empty: '', ...(own ? { detail } : {}) });
    const filter = new Filter('settings', draw);
    const mayNot = new MayNot('/settings');
    const trouble = new Trouble('Where the values come from is not known', '/settings');
    const hint = h('p', { class: 'panel-foot' }, 'Values other than the default are bold; the origin says where they come from.');
    const changes = new SettingChanges(mayChange, () => repeat.now());
    if (own) place.append(changes.element);
    place.append(panel('', [mayNot.element, trouble.element, table.element, hint], [filter.element], 'In force now'));

    const repeat = new Repeat(read, everyMs);
    const unwatch = own ? watchSession((next) => ((session = next), draw())) : () => undefined;
    if (own) repeat.start();

    async function read(): Promise<void> {
      try {
        answer = await fetchSettings();
        error = undefined;
      } catch (fault) {
        error = fault as Error;
      }
      draw();
    }

    function draw(): void {
      const rows = answer?.settings ?? snapshot?.settings.map(fromSnapshot) ?? [];
      const some = filtered(rows, filter.text, (s) => `${s.name} ${words(s.name)} ${s.origin} ${s.meaning}`);
      table.update(some, rows.length ? 'No setting has this text.' : 'The supervisor tells of no setting.');
      filter.say(some.length, rows.length);
      mayNot.update(session, snapshot?.app.url ?? '');
      trouble.update(error);
      changes.update(answer?.changes ?? [], rows);
    }
    return {
      update(next) {
        snapshot = next;
        if (own && answer && differ(answer.settings, next.settings)) repeat.now();
        draw();
      },
      close() {
        repeat.stop();
        unwatch();
      },
    };
  },
};

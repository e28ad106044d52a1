import { h, setAttribute, setText } from '../components/dom';
import { Filter } from '../components/filter';
import { panel } from '../components/panel';
import { Table, type Column } from '../components/table';
import type { Setting } from '../model';
import { filtered } from '../sort';
import { words } from '../format';
import type { Page } from '../page';

const modes = ['off', 'observe', 'on'];

function shown(value: unknown, type: string): string {
  if (value === null || value === undefined || value === '') return '–';
  if (type === 'switch' || typeof value === 'boolean') return value ? 'on' : 'off';
  if (type === 'mode') return modes[Number(value)] ?? String(value);
  if (type === 'seconds') return `${String(value)}\u00a0s`;
  return String(value);
}

function range(s: Setting): string {
  if (s.type === 'switch') return 'on, off';
  if (s.type === 'mode') return modes.join(', ');
  return s.lowest == null && s.highest == null ? '' : `${shown(s.lowest, s.type)} … ${shown(s.highest, s.type)}`;
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
    let rows: readonly Setting[] = [];
    const table = new Table<Setting>({ label: 'Settings', columns, key: (s) => s.name, empty: '' });
    const filter = new Filter('settings', draw);
    const hint = h('p', { class: 'panel-foot' }, 'Values other than the default are bold; the origin says where they come from.');
    place.append(panel('', [table.element, hint], [filter.element], 'In force now'));

    function draw(): void {
      const some = filtered(rows, filter.text, (s) => `${s.name} ${words(s.name)} ${s.origin} ${s.meaning}`);
      table.update(some, rows.length ? 'No setting has this text.' : 'The supervisor tells of no setting.');
      filter.say(some.length, rows.length);
    }
    return {
      update(snapshot) {
        rows = snapshot.settings;
        draw();
      },
    };
  },
};

import { beforeEach, describe, expect, it } from 'vitest';
import { setText } from './dom';
import { Table } from './table';

interface Row {
  name: string;
  size: number | null;
}

const rows: Row[] = [
  { name: 'b', size: 2 },
  { name: '<img src=x>', size: null },
  { name: 'a', size: 3 },
];

let table: Table<Row>;
const shown = () => [...table.element.querySelectorAll('tbody tr')].map((row) => row.firstElementChild!.textContent);
const head = (title: string) => [...table.element.querySelectorAll('th')].find((th) => th.textContent === title)!;

describe('Table', () => {
  beforeEach(() => {
    table = new Table<Row>({
      label: 'Rows',
      columns: [
        { title: 'Name', value: (r) => r.name, draw: (cell, r) => setText(cell, r.name) },
        { title: 'Size', numeric: true, value: (r) => r.size, draw: (cell, r) => setText(cell, String(r.size)) },
      ],
      key: (r) => r.name,
      empty: 'Nothing yet.',
      sortedBy: 'Size',
    });
    document.body.replaceChildren(table.element);
    table.update(rows);
  });

  it('says by which column it is sorted, and turns round on the second click', () => {
    expect(shown()[0]).toBe('a');
    expect(head('Size').getAttribute('aria-sort')).toBe('descending');
    head('Size').querySelector('button')!.click();
    expect(shown()[0]).toBe('b');
    expect(head('Size').getAttribute('aria-sort')).toBe('ascending');
    head('Name').querySelector('button')!.click();
    expect(head('Size').getAttribute('aria-sort')).toBe('none');
    expect(head('Name').getAttribute('aria-sort')).toBe('ascending');
  });

  it('keeps rows while figures change', () => {
    const first = table.element.querySelector('tbody tr');
    table.update(rows.map((r) => ({ ...r, size: r.size === null ? null : r.size + 1 })));
    expect(table.element.querySelector('tbody tr')).toBe(first);
    expect(first!.lastElementChild!.textContent).toBe('4');
  });

  it('shows names as text, never as markup', () => {
    expect(shown()).toContain('<img src=x>');
    expect(table.element.querySelector('img')).toBeNull();
  });

  it('says so when it is empty', () => {
    table.update([]);
    expect(table.element.querySelector<HTMLElement>('.empty')!.hidden).toBe(false);
    expect(table.element.querySelector<HTMLElement>('.scroll')!.hidden).toBe(true);
  });

  it('opens a detail below its row, and keeps it there while figures change', () => {
    let changes = 0;
    const detail = { title: 'More', label: (r: Row) => `More of ${r.name}`, draw: (place: HTMLElement, r: Row) => setText(place, `${r.name} in full`), onChange: () => changes++ };
    const opening = new Table<Row>({ label: 'Rows', columns: [{ title: 'Name', draw: (cell, r) => setText(cell, r.name) }], key: (r) => r.name, empty: '', detail });
    const texts = () => [...opening.element.querySelectorAll('tbody tr')].map((row) => row.textContent);
    opening.update(rows);
    const button = opening.element.querySelectorAll('button')[2]!;
    expect(button.textContent).toBe('More of a');
    button.click();
    expect(button.getAttribute('aria-expanded')).toBe('true');
    opening.update([rows[2]!, rows[0]!]);
    expect(texts()).toEqual(['More of aa', 'a in full', 'More of bb']);
    expect(opening.opened).toEqual([rows[2]]);
    opening.update([rows[0]!]); // its row has gone
    expect([opening.opened, changes]).toEqual([[], 2]);
    opening.update(rows);
    expect(texts()).toHaveLength(3);
  });
});

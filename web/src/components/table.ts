// A table whose rows are changed in place, sortable by the buttons in its head.
import type { Tone } from '../status';
import { sorted, type Order, type SortValue } from '../sort';
import { h, setAttribute } from './dom';
import { icon } from './icon';
import { InView } from './in-view';
import { keyed } from './keyed';

const deferAbove = 40; // longer tables are kept current in view only

export interface Column<Row> {
  title: string;
  hint?: string; // what the figure means
  numeric?: boolean;
  wide?: boolean; // takes the room that is left, and may wrap
  draw(cell: HTMLElement, row: Row): void; // must change only what differs
  value?(row: Row): SortValue; // sortable by this
}

export interface TableOptions<Row> {
  label: string; // for screen readers
  columns: Column<Row>[];
  key(row: Row): string;
  empty: string;
  sortedBy?: string; // title of a column; without it rows come in the order given
  order?: Order;
  tone?(row: Row): Tone | null; // marks the row
}

export class Table<Row> {
  readonly element: HTMLElement;
  private readonly body = h('tbody');
  private readonly scroll: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly heads: HTMLTableCellElement[];
  private column: Column<Row> | undefined;
  private order: Order;
  private rows: readonly Row[] = [];
  private readonly inView = new InView((element) => this.catchUp(element));
  private readonly behind = new Map<Element, Row>(); // rows out of view, with what they should show

  constructor(private readonly options: TableOptions<Row>) {
    this.column = options.columns.find((c) => c.title === options.sortedBy);
    this.order = options.order ?? 'descending';
    this.heads = options.columns.map((column) => this.head(column));
    const table = h('table', { class: 'table' }, h('thead', {}, h('tr', {}, ...this.heads)), this.body);
    this.scroll = h('div', { class: 'scroll', role: 'group', 'aria-label': options.label }, table);
    this.empty = h('p', { class: 'empty' }, options.empty);
    this.element = h('div', { class: 'table-place' }, this.scroll, this.empty);
    if (typeof ResizeObserver !== 'undefined') {
      const watch = new ResizeObserver(() => this.reachable());
      watch.observe(this.scroll);
      watch.observe(table);
    }
    this.mark();
  }

  update(rows: readonly Row[], empty = this.options.empty): void {
    this.rows = rows;
    this.scroll.hidden = rows.length === 0;
    this.empty.hidden = rows.length !== 0;
    if (this.empty.textContent !== empty) this.empty.textContent = empty;
    const shown = this.column?.value ? sorted(rows, this.column.value, this.order) : rows;
    this.behind.clear();
    keyed(
      this.body,
      shown,
      this.options.key,
      (row) => this.row(row),
      (element, row) => {
        if (shown.length <= deferAbove || this.inView.has(element)) this.change(element, row);
        else this.behind.set(element, row);
      },
    );
  }

  private row(row: Row): HTMLElement {
    const element = h('tr', {}, ...this.options.columns.map((column) => h('td', { class: classOf(column) })));
    this.change(element, row);
    this.inView.watch(element);
    return element;
  }

  private catchUp(element: Element): void {
    const row = this.behind.get(element);
    if (row !== undefined) this.change(element, row);
    this.behind.delete(element);
  }

  private change(element: Element, row: Row): void {
    setAttribute(element, 'data-tone', this.options.tone?.(row) ?? null);
    this.options.columns.forEach((column, i) => column.draw(element.children[i] as HTMLElement, row));
  }

  private head(column: Column<Row>): HTMLTableCellElement {
    const cell = h('th', { scope: 'col', class: classOf(column) });
    if (column.hint) cell.title = column.hint;
    if (!column.value) {
      cell.textContent = column.title;
      return cell;
    }
    const button = h('button', { type: 'button', class: 'sort' }, h('span', {}, column.title));
    button.addEventListener('click', () => this.sortBy(column));
    cell.append(button);
    return cell;
  }

  // The first click on a column of figures shows the largest first; the next turns it round.
  private sortBy(column: Column<Row>): void {
    const first: Order = column.numeric ? 'descending' : 'ascending';
    const other: Order = column.numeric ? 'ascending' : 'descending';
    this.order = this.column === column && this.order === first ? other : first;
    this.column = column;
    this.mark();
    this.update(this.rows, this.empty.textContent ?? '');
  }

  private mark(): void {
    this.options.columns.forEach((column, i) => {
      const head = this.heads[i]!;
      const button = head.querySelector('.sort');
      if (!button) return;
      const active = column === this.column;
      setAttribute(head, 'aria-sort', active ? this.order : 'none');
      button.querySelector('.icon')?.remove();
      button.append(icon(!active ? 'sort' : this.order === 'ascending' ? 'up' : 'down'));
    });
  }

  // A table wider than its place must be scrollable by keyboard.
  private reachable(): void {
    const wider = this.scroll.scrollWidth > this.scroll.clientWidth;
    setAttribute(this.scroll, 'tabindex', wider ? '0' : null);
  }
}

function classOf<Row>(column: Column<Row>): string {
  return column.numeric ? 'figure' : column.wide ? 'text wide' : 'text';
}

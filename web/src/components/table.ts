// A table whose rows are changed in place, sortable by the buttons in its head.
import type { Tone } from '../status';
import { sorted, type Order, type SortValue } from '../sort';
import { h, setAttribute, setText } from './dom';
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
  detail?: Detail<Row>;
}

// What opens below a row.
export interface Detail<Row> {
  title: string; // of the column that opens it
  label(row: Row): string; // for screen readers
  draw(place: HTMLElement, row: Row): void; // must change only what differs
  onChange?(): void; // another set of rows is open
}

interface Line<Row> {
  key: string;
  row: Row;
  detail: boolean;
}

export class Table<Row> {
  readonly element: HTMLElement;
  private readonly body = h('tbody');
  private readonly scroll: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly heads: HTMLTableCellElement[];
  private readonly columns: readonly Column<Row>[];
  private readonly open = new Set<string>(); // keys of rows whose detail is shown
  private column: Column<Row> | undefined;
  private order: Order;
  private rows: readonly Row[] = [];
  private readonly inView = new InView((element) => this.catchUp(element));
  private readonly behind = new Map<Element, Row>(); // rows out of view, with what they should show

  constructor(private readonly options: TableOptions<Row>) {
    this.columns = options.detail ? [this.opener(options.detail), ...options.columns] : options.columns;
    this.column = options.columns.find((c) => c.title === options.sortedBy);
    this.order = options.order ?? 'descending';
    this.heads = this.columns.map((column) => this.head(column));
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
      this.lines(shown),
      (line) => (line.detail ? `${line.key} detail` : line.key),
      (line) => (line.detail ? this.detailRow() : this.row(line.row)),
      (element, line) => {
        if (line.detail) this.options.detail!.draw(element.firstElementChild!.firstElementChild as HTMLElement, line.row);
        else if (shown.length <= deferAbove || this.inView.has(element)) this.change(element, line.row);
        else this.behind.set(element, line.row);
      },
    );
  }

  // The rows whose detail is shown.
  get opened(): Row[] {
    return this.open.size ? this.rows.filter((row) => this.open.has(this.options.key(row))) : [];
  }

  // Draws the rows as they are once more: what their details show has changed.
  redraw(): void {
    this.update(this.rows, this.empty.textContent ?? '');
  }

  private lines(rows: readonly Row[]): Line<Row>[] {
    const lines: Line<Row>[] = [];
    const gone = new Set(this.open);
    for (const row of rows) {
      const key = this.options.key(row);
      lines.push({ key, row, detail: false });
      if (gone.delete(key)) lines.push({ key, row, detail: true });
    }
    for (const key of gone) this.open.delete(key);
    if (gone.size) this.options.detail?.onChange?.();
    return lines;
  }

  private row(row: Row): HTMLElement {
    const element = h('tr', {}, ...this.columns.map((column) => h('td', { class: classOf(column) })));
    this.change(element, row);
    this.inView.watch(element);
    return element;
  }

  private detailRow(): HTMLElement {
    const cell = h('td', { colspan: String(this.columns.length) }, h('div', { class: 'detail-in' }));
    return h('tr', { class: 'detail' }, cell);
  }

  // The column whose buttons open and close the details.
  private opener(detail: Detail<Row>): Column<Row> {
    return {
      title: detail.title,
      draw: (cell, row) => {
        const key = this.options.key(row);
        const button = cell.querySelector('button') ?? this.openButton(cell);
        button.dataset.key = key;
        setText(button.lastElementChild!, detail.label(row));
        setAttribute(button, 'aria-expanded', String(this.open.has(key)));
      },
    };
  }

  private openButton(cell: HTMLElement): HTMLButtonElement {
    const button = h('button', { type: 'button', class: 'opener' }, icon('open'), h('span', { class: 'unseen' }));
    button.addEventListener('click', () => {
      const key = button.dataset.key!;
      if (!this.open.delete(key)) this.open.add(key);
      this.options.detail?.onChange?.();
      this.redraw();
    });
    cell.append(button);
    return button;
  }

  private catchUp(element: Element): void {
    const row = this.behind.get(element);
    if (row !== undefined) this.change(element, row);
    this.behind.delete(element);
  }

  private change(element: Element, row: Row): void {
    setAttribute(element, 'data-tone', this.options.tone?.(row) ?? null);
    this.columns.forEach((column, i) => column.draw(element.children[i] as HTMLElement, row));
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
    this.redraw();
  }

  private mark(): void {
    this.columns.forEach((column, i) => {
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

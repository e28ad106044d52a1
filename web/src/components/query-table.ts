// Statements that took longer than slow_query_threshold.
import { takenBy, type SlowQuery } from '../connections';
import { duration, moment } from '../format';
import { shortPool } from '../pools';
import { h, setAttribute, setFigure, setText } from './dom';
import { Table, type Column } from './table';

const columns: Column<SlowQuery>[] = [
  { title: 'Time', hint: 'When it ended', value: (q) => q.time, draw: (cell, q) => setText(cell, moment(new Date(q.time * 1000).toISOString())) },
  { title: 'Took', numeric: true, value: (q) => q.seconds, draw: (cell, q) => setFigure(cell, duration(q.seconds)) },
  {
    title: 'Statement',
    hint: 'Without its values',
    wide: true,
    draw(cell, q) {
      if (!cell.firstElementChild) cell.append(h('code', { class: 'sql' }));
      setText(cell.firstElementChild!, q.text || 'not known');
    },
  },
  {
    title: 'Route',
    value: (q) => q.route,
    draw(cell, q) {
      setText(cell, takenBy(q.route));
      setAttribute(cell, 'data-mono', q.route ? '' : null);
    },
  },
  { title: 'Pool', value: (q) => q.pool, draw: (cell, q) => setFigure(cell, shortPool(q.pool), q.pool) },
  { title: 'PID', numeric: true, value: (q) => q.pid, draw: (cell, q) => setText(cell, String(q.pid)) },
];

export class QueryTable {
  private readonly table = new Table<SlowQuery>({ label: 'Slow queries, newest first', columns, key: (q) => `${q.time}/${q.pid}/${q.text}`, empty: '', sortedBy: 'Time' });

  get element(): HTMLElement {
    return this.table.element;
  }

  update(queries: readonly SlowQuery[], empty: string): void {
    this.table.update(queries, empty);
  }
}

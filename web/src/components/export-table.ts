// Where else the history goes, and what is behind. Hidden where it goes nowhere.
import { exportState, fetchExports, type Export } from '../exports';
import { duration, integer, moment } from '../format';
import { drawFigure, setText } from './dom';
import { panel } from './panel';
import { drawPill } from './pill';
import { Table } from './table';

export class ExportTable {
  readonly element: HTMLElement;
  private readonly table = new Table<Export>({
    label: 'Exports',
    columns: [
      { title: 'Export', draw: (cell, e) => setText(cell, e.name) },
      {
        title: 'State',
        draw(cell, e) {
          const { tone, word } = exportState(e);
          drawPill(cell, tone, e.failing_since ? `${word} since ${moment(e.failing_since)}` : word);
        },
      },
      { title: 'To', hint: 'Without what may be secret', draw: (cell, e) => setText(cell, `${e.kind} · ${e.target}`) },
      { title: 'Last success', draw: (cell, e) => setText(cell, e.last_success ? moment(e.last_success) : '') },
      { title: 'Sent', hint: 'Data points (otlp), or intervals and records (mysql)', numeric: true, draw: (cell, e) => drawFigure(cell, e.sent, integer) },
      { title: 'Waiting', hint: 'Sent when it takes them again', numeric: true, draw: (cell, e) => drawFigure(cell, e.waiting, integer) },
      { title: 'Behind', hint: 'Age of the oldest that waits', numeric: true, draw: (cell, e) => drawFigure(cell, e.waiting ? e.behind_seconds : null, duration) },
      { title: 'Failures', hint: 'Attempts', numeric: true, draw: (cell, e) => drawFigure(cell, e.failures, integer) },
      { title: 'Given up', hint: 'What it refuses, or for which there was no room', numeric: true, draw: (cell, e) => drawFigure(cell, e.refused + e.dropped, integer) },
      { title: 'Last error', wide: true, draw: (cell, e) => setText(cell, e.error) },
    ],
    key: (e) => e.name,
    empty: '',
    tone: (e) => (e.failing_since ? 'critical' : null),
  });

  constructor() {
    this.element = panel('Exports', [this.table.element], [], 'where else the history goes: [[exports]] of stirbar.toml');
    this.element.hidden = true;
  }

  async load(): Promise<void> {
    const rows = await fetchExports();
    this.element.hidden = rows.length === 0;
    this.table.update(rows, '');
  }
}

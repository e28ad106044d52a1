// Where alerts go, whether they get there, and a test.
import { sinkState, test, type Sink } from '../alerts';
import { clock, duration, integer, moment } from '../format';
import { actionButton, allow } from './action-button';
import { drawFigure, setText } from './dom';
import { drawPill } from './pill';
import { Table } from './table';

export class SinkTable {
  readonly element: HTMLElement;
  private readonly table: Table<Sink>;
  private reason = '';

  constructor(private readonly after: (text: string, failed: boolean) => void) {
    this.table = new Table<Sink>({
      label: 'Sinks',
      columns: [
        { title: 'Sink', draw: (cell, s) => setText(cell, s.name) },
        {
          title: 'State',
          draw(cell, s) {
            const { tone, word } = sinkState(s);
            drawPill(cell, tone, s.failing_seconds ? `${word} for ${duration(Math.floor(s.failing_seconds))}` : word);
          },
        },
        { title: 'Test', draw: (cell, s) => this.drawTest(cell, s) },
        { title: 'To', hint: 'Without what may be secret', draw: (cell, s) => setText(cell, `${s.kind} · ${s.target}`) },
        { title: 'Delivered', numeric: true, draw: (cell, s) => drawFigure(cell, s.delivered, integer, s.last_success ? `the newest at ${moment(s.last_success)}` : null) },
        { title: 'Waiting', hint: 'Messages that are sent when it takes them again, in order', numeric: true, draw: (cell, s) => drawFigure(cell, s.waiting, integer) },
        { title: 'Failures', hint: 'Attempts', numeric: true, draw: (cell, s) => drawFigure(cell, s.failures, integer) },
        { title: 'Given up', hint: 'Messages that it refuses, or for which there was no room', numeric: true, draw: (cell, s) => drawFigure(cell, (s.refused ?? 0) + (s.dropped ?? 0), integer) },
        { title: 'Last error', wide: true, draw: (cell, s) => setText(cell, s.last_error && s.last_failure ? `${clock(s.last_failure)} ${s.last_error}` : '') },
      ],
      key: (s) => s.name,
      empty: '',
      tone: (s) => (s.failing_seconds ? 'critical' : null),
    });
    this.element = this.table.element;
  }

  update(rows: readonly Sink[], reason: string): void {
    this.reason = reason;
    this.table.update(rows, 'No sink is configured: alerts are on this page and in the log only. [[sinks]] in stirbar.toml says where else they go.');
  }

  private drawTest(cell: HTMLElement, sink: Sink): void {
    let button = cell.querySelector('button');
    if (!button) {
      button = actionButton('Test', async () => {
        await test(sink.name);
        this.after(`A test is on its way to ${sink.name}.`, false);
      }, this.after);
      button.setAttribute('aria-label', `Send a test to ${sink.name}`);
      cell.append(button);
    }
    allow(button, this.reason);
  }
}

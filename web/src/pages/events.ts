import { setAttribute, setText } from '../components/dom';
import { Filter } from '../components/filter';
import { panel } from '../components/panel';
import { drawPill } from '../components/pill';
import { Table } from '../components/table';
import { integer, moment, words } from '../format';
import type { AppEvent } from '../model';
import { filtered } from '../sort';
import { toneOf } from '../status';
import type { Page } from '../page';

export const page: Page = {
  path: '/events',
  title: 'Events',
  group: 'Records',
  icon: 'events',
  render(place) {
    let rows: readonly AppEvent[] = [];
    const table = new Table<AppEvent>({
      label: 'Events, newest first',
      columns: [
        {
          title: 'Time',
          draw(cell, e) {
            setText(cell, moment(e.time));
            setAttribute(cell, 'title', e.time);
          },
        },
        { title: 'Severity', draw: (cell, e) => drawPill(cell, toneOf(e.severity), e.severity) },
        { title: 'Text', wide: true, draw: (cell, e) => setText(cell, e.text) },
        { title: 'What', draw: (cell, e) => setText(cell, words(e.kind)) },
        {
          title: 'Route',
          draw(cell, e) {
            setText(cell, e.route ?? '');
            setAttribute(cell, 'data-mono', '');
          },
        },
        { title: 'Worker', numeric: true, draw: (cell, e) => setText(cell, e.slot == null ? '' : String(e.slot)) },
        { title: 'PID', numeric: true, draw: (cell, e) => setText(cell, e.pid ? String(e.pid) : '') },
        { title: 'Number', hint: 'Events are numbered in the order they happened', numeric: true, draw: (cell, e) => setText(cell, integer(e.number)) },
      ],
      key: (e) => String(e.number),
      empty: '',
    });
    const filter = new Filter('events', draw);
    place.append(panel('', [table.element], [filter.element], 'Newest first'));

    function draw(): void {
      const shown = filtered(rows, filter.text, (e) => `${words(e.kind)} ${e.severity} ${e.text} ${e.route ?? ''} ${e.pid ?? ''}`);
      table.update(shown, rows.length ? 'No event has this text.' : 'No event yet. Starts and ends of workers, alerts and slow requests appear here.');
      filter.say(shown.length, rows.length);
    }
    return {
      update(snapshot) {
        rows = [...snapshot.events].sort((a, b) => b.number - a.number);
        draw();
      },
    };
  },
};

import { drawBar } from '../components/bar';
import { drawFigure, setAttribute, setText } from '../components/dom';
import { Filter } from '../components/filter';
import { panel } from '../components/panel';
import { Table, type Column } from '../components/table';
import { count, duration, integer, percent, rate } from '../format';
import type { Figure, Route } from '../model';
import { filtered } from '../sort';
import type { Page } from '../page';

function figure(title: string, hint: string, pick: (route: Route) => Figure, format: (value: Figure) => string): Column<Route> {
  return { title, hint, numeric: true, value: pick, draw: (cell, route) => drawFigure(cell, pick(route), format) };
}

function columns(mostP95: () => number): Column<Route>[] {
  return [
    {
      title: 'Route',
      wide: true,
      value: (r) => r.route,
      draw(cell, r) {
        setText(cell, r.route);
        setAttribute(cell, 'data-mono', '');
      },
    },
    figure('Req/s', 'Requests per second, over the last minute', (r) => r.requests_per_second, rate),
    figure('p50', 'Half of the requests of the last minute took no longer', (r) => r.p50_seconds, duration),
    {
      title: 'p95',
      hint: '95 of 100 requests of the last minute took no longer; the bar compares the routes shown',
      numeric: true,
      value: (r) => r.p95_seconds,
      draw: (cell, r) => drawBar(cell, duration(r.p95_seconds), r.p95_seconds === null ? null : r.p95_seconds / mostP95()),
    },
    figure('p99', '99 of 100 requests of the last minute took no longer', (r) => r.p99_seconds, duration),
    figure('Mean', 'Mean duration over the last minute', (r) => r.mean_seconds, duration),
    figure('Max', 'Longest request since the app started', (r) => r.max_seconds, duration),
    figure('In flight', 'Being handled now', (r) => r.in_flight, count),
    figure('Requests', 'Ended since the app started', (r) => r.requests, integer),
    figure('Error rate', 'Share of answers with a status of 500 or more, over the last minute', (r) => r.error_ratio, percent),
    figure('5xx', 'Answers with a status of 500 or more, since the app started', (r) => r.errors, integer),
    figure('4xx', 'Answers with a status of 400 to 499, since the app started', (r) => r.status?.['4xx'] ?? null, integer),
    figure('Exceptions', 'Requests that ended with an exception which no handler caught', (r) => r.exceptions, integer),
  ];
}

export const page: Page = {
  path: '/routes',
  title: 'Routes',
  group: 'Traffic',
  icon: 'routes',
  render(place) {
    let rows: readonly Route[] = [];
    let mostP95 = 1;
    const table = new Table<Route>({
      label: 'Routes',
      columns: columns(() => mostP95),
      key: (r) => r.route,
      empty: '',
      sortedBy: 'Req/s',
    });
    const filter = new Filter('routes', draw);
    place.append(panel('', [table.element], [filter.element], 'Latency, rates and error rate over the last minute; counts since the app started'));

    function draw(): void {
      const shown = filtered(rows, filter.text, (r) => r.route);
      mostP95 = shown.reduce((most, r) => Math.max(most, r.p95_seconds ?? 0), 0) || 1;
      table.update(shown, rows.length ? 'No route has this text.' : 'No request yet. Open a page of the app and its route appears here.');
      filter.say(shown.length, rows.length);
    }
    return {
      update(snapshot) {
        rows = snapshot.routes;
        draw();
      },
    };
  },
};

import { fetchLatency, Refused } from '../api';
import { ofRoute } from '../breakdown';
import { breakdownLegend, drawBreakdown } from '../components/breakdown-bar';
import { Choose } from '../components/choose';
import { drawFigure, h, setAttribute, setFigure, setText } from '../components/dom';
import { Filter } from '../components/filter';
import { HeatMapView } from '../components/heat-map';
import { panel } from '../components/panel';
import { SlowTable } from '../components/slow-table';
import { Table, type Column } from '../components/table';
import { Trouble } from '../components/trouble';
import { count, duration, integer, rate } from '../format';
import { heatMap } from '../latency';
import type { Route } from '../model';
import { Repeat } from '../repeat';
import { setting } from '../shedding';
import { filtered, sorted } from '../sort';
import type { Page } from '../page';

const mapEveryMs = 5000; // a column is 10 s wide
const most = 25; // routes drawn: those in which the app spends most of its time

// Seconds per second that requests of the route take: how many of them there are on average.
function load(route: Route): number {
  return (route.requests_per_second ?? 0) * (ofRoute(route)?.seconds ?? 0);
}

function columns(show: (route: string) => void): Column<Route>[] {
  return [
    {
      title: 'Route',
      wide: true,
      value: (r) => r.route,
      draw(cell, r) {
        if (!cell.firstElementChild) {
          const button = h('button', { type: 'button', class: 'plain', title: 'Show this route in the heat map' });
          button.addEventListener('click', () => show(button.textContent ?? ''));
          cell.append(button);
          setAttribute(cell, 'data-mono', '');
        }
        setText(cell.firstElementChild!, r.route);
      },
    },
    { title: 'Req/s', hint: 'Requests per second, over the last minute', numeric: true, value: (r) => r.requests_per_second, draw: (cell, r) => drawFigure(cell, r.requests_per_second, rate) },
    { title: 'Mean', hint: 'Mean time of a request of the last minute, with its queue time', numeric: true, value: (r) => ofRoute(r)?.seconds, draw: (cell, r) => setFigure(cell, duration(ofRoute(r)?.seconds)) },
    { title: 'Where the time goes', hint: 'Of the mean request of the last minute', draw: (cell, r) => drawBreakdown(cell, r.route, ofRoute(r)) },
    { title: 'At once', hint: 'How many of its requests there are at a time, on average: requests per second × mean. Routes are chosen by it', numeric: true, value: load, draw: (cell, r) => drawFigure(cell, load(r), count) },
    { title: 'Refused', hint: 'Answered 503 before the app was entered, since it started', numeric: true, value: (r) => r.refused, draw: (cell, r) => drawFigure(cell, r.refused, integer) },
    { title: 'Degraded', hint: 'Got a cheaper answer, since the app started', numeric: true, value: (r) => r.degraded, draw: (cell, r) => drawFigure(cell, r.degraded, integer) },
  ];
}

export const page: Page = {
  path: '/requests',
  title: 'Requests',
  group: 'Traffic',
  icon: 'requests',
  render(place) {
    const map = new HeatMapView();
    const trouble = new Trouble('No heat map here', '/requests');
    const route = new Choose('Route shown in the heat map', () => repeat.now());
    let rows: readonly Route[] = [];
    let slowFrom: number | null = null;
    const repeat = new Repeat(read, mapEveryMs);
    const mapPanel = panel('Latency over time', [trouble.element, map.element], [route.element], 'the last 15 minutes; each column is 10 s');

    const table = new Table<Route>({
      label: 'Where the time goes, by route',
      columns: columns((label) => {
        route.value = label;
        repeat.now();
        mapPanel.scrollIntoView({ block: 'nearest' });
      }),
      key: (r) => r.route,
      empty: '',
      sortedBy: 'At once',
    });
    const filter = new Filter('routes', draw);
    const slow = new SlowTable();
    place.append(
      mapPanel,
      panel('Where the time goes', [breakdownLegend(), table.element], [filter.element], 'by route, over the last minute'),
      panel('Slow requests', [slow.element], [], 'and the slowest of each minute'),
    );
    map.element.hidden = true;
    repeat.start();

    async function read(): Promise<void> {
      const wanted = route.value;
      try {
        const latency = await fetchLatency(wanted);
        if (wanted !== route.value) return repeat.now();
        trouble.update(undefined);
        map.element.hidden = false;
        map.update(heatMap(latency), slowFrom);
      } catch (error) {
        trouble.update(error as Error);
        if (!(error instanceof Refused)) return; // the map as it was
        map.element.hidden = true;
        if (!error.url) return;
        route.element.hidden = true; // only the supervisor's own pages can tell
        repeat.stop();
      }
    }

    function draw(): void {
      const found = filtered(rows, filter.text, (r) => r.route);
      table.update(sorted(found, load, 'descending').slice(0, most), rows.length ? 'No route has this text.' : 'No request yet. Open a page of the app and its route appears here.');
      filter.say(Math.min(found.length, most), rows.length);
    }

    return {
      update(snapshot) {
        rows = snapshot.routes;
        slowFrom = setting(snapshot.settings, 'slow_request_threshold');
        const names = sorted(rows, (r) => r.requests, 'descending').map((r) => r.route).slice(0, 200);
        const chosen = route.value;
        if (chosen && !names.includes(chosen)) names.push(chosen);
        route.update([{ value: '', text: 'All routes' }, ...names.sort().map((name) => ({ value: name, text: name }))]);
        draw();
        slow.update(snapshot.slow_requests);
      },
      close() {
        repeat.stop();
        map.close();
      },
    };
  },
};

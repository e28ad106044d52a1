import { Charts, overviewCharts } from '../components/charts';
import { h, setText } from '../components/dom';
import { Findings } from '../components/findings';
import { InFlightTable } from '../components/in-flight-table';
import { KeyFigures } from '../components/key-figures';
import { LoadRemarks } from '../components/load-remarks';
import { panel } from '../components/panel';
import { StatusCard } from '../components/status-card';
import { Table } from '../components/table';
import { workerColumns } from '../components/worker-columns';
import type { Worker } from '../model';
import { pageAddress } from '../site';
import type { Page } from '../page';

const mostInFlight = 10;

export const page: Page = {
  path: '/',
  title: 'Overview',
  group: 'Now',
  icon: 'overview',
  charts: true,
  render(place, history) {
    const status = new StatusCard();
    const remarks = new LoadRemarks();
    const figures = new KeyFigures();
    const charts = new Charts(history, overviewCharts);
    const workers = new Table<Worker>({
      label: 'Workers',
      columns: workerColumns,
      key: (w) => String(w.slot),
      empty: 'No worker yet. Workers appear here when the app’s server has started them.',
      tone: (w) => (w.status === 'critical' ? 'critical' : null),
    });
    const inFlight = new InFlightTable(true, mostInFlight);
    const findings = new Findings();
    const more = h('a', { href: pageAddress('/in-flight') }, 'All');
    place.append(
      status.element,
      remarks.element,
      figures.element,
      charts.element,
      panel('Workers', [workers.element], [h('a', { href: pageAddress('/workers') }, 'All figures')]),
      panel('Requests in flight', [inFlight.element], [more], 'oldest first'),
      findings.element,
    );
    return {
      update(snapshot) {
        status.update(snapshot);
        remarks.update(snapshot);
        figures.update(snapshot);
        workers.update(snapshot.workers);
        const left = inFlight.update(snapshot);
        setText(more, left > 0 ? `All ${snapshot.in_flight.length}` : 'All');
        findings.update(snapshot);
      },
      points: () => charts.update(),
      close: () => charts.close(),
    };
  },
};

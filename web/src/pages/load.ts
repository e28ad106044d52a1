import { Charts, loadCharts } from '../components/charts';
import { h, setText } from '../components/dom';
import { Gauge } from '../components/gauge';
import { admissionColumns, hostColumns } from '../components/load-columns';
import { panel } from '../components/panel';
import { SheddingPanel } from '../components/shedding-panel';
import { Table } from '../components/table';
import { integer, perSecond } from '../format';
import type { Host, Worker } from '../model';
import type { Page } from '../page';

export const page: Page = {
  path: '/load',
  title: 'Load',
  group: 'Traffic',
  icon: 'load',
  charts: true,
  render(place, history) {
    const gauge = new Gauge();
    const shedding = new SheddingPanel();
    const charts = new Charts(history, loadCharts);
    const workers = new Table<Worker>({
      label: 'Admission by worker',
      columns: admissionColumns,
      key: (w) => String(w.slot),
      empty: 'No worker yet. Workers appear here when the app’s server has started them.',
      tone: (w) => (w.overloaded_seconds ? 'warning' : null),
    });
    const hosts = new Table<Host>({
      label: 'Outgoing calls by host',
      columns: hostColumns,
      key: (host) => host.host,
      empty: 'No outgoing HTTP call yet.',
      sortedBy: 'Calls',
      tone: (host) => (host.breakers_open > 0 ? 'critical' : null),
    });
    const said = h('span');
    place.append(
      panel('Saturation', [gauge.element], [said], 'how much of what the app can do is in use'),
      panel('Shedding', [shedding.element], [], 'who is refused when not all can be served'),
      charts.element,
      panel('Admission by worker', [workers.element]),
      panel('Outgoing calls', [hosts.element], [], 'HTTP calls of the app to other hosts'),
    );
    return {
      update(snapshot) {
        const { traffic } = snapshot;
        gauge.update(snapshot);
        shedding.update(snapshot);
        workers.update(snapshot.workers);
        hosts.update(snapshot.hosts);
        const streams = traffic.streams ? ` · ${integer(traffic.streams)} streams open, counted apart` : '';
        setText(said, `${perSecond(traffic.served_per_second)} served, ${perSecond(traffic.refused_per_second)} refused${streams}`);
      },
      points: () => charts.update(),
      close: () => charts.close(),
    };
  },
};

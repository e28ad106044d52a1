import { h, setText } from '../components/dom';
import { panel } from '../components/panel';
import { Table } from '../components/table';
import { allWorkerColumns } from '../components/worker-columns';
import type { Worker } from '../model';
import type { Page } from '../page';

export const page: Page = {
  path: '/workers',
  title: 'Workers',
  group: 'Now',
  icon: 'workers',
  render(place) {
    const table = new Table<Worker>({
      label: 'Workers, all figures',
      columns: allWorkerColumns,
      key: (w) => String(w.slot),
      empty: 'No worker yet. Workers appear here when the app’s server has started them.',
      sortedBy: 'Worker',
      order: 'ascending',
      tone: (w) => (w.status === 'critical' ? 'critical' : null),
    });
    const said = h('span');
    place.append(panel('', [table.element], [said], 'As seen from outside, each second'));
    return {
      update({ workers, totals }) {
        const hung = workers.filter((w) => w.hung).length;
        setText(said, `${workers.length} now, ${hung} hung · since the start ${totals.workers_exited ?? 0} exited, ${totals.workers_died ?? 0} died`);
        table.update(workers);
      },
    };
  },
};

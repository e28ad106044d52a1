import { h, setText } from '../components/dom';
import { InFlightTable } from '../components/in-flight-table';
import { panel } from '../components/panel';
import { integer } from '../format';
import type { Page } from '../page';

const most = 250; // rows drawn: the oldest tell the story

export const page: Page = {
  path: '/in-flight',
  title: 'In flight',
  group: 'Now',
  icon: 'in-flight',
  render(place) {
    const table = new InFlightTable(false, most);
    const said = h('span');
    place.append(panel('', [table.element], [said], 'Oldest first'));
    return {
      update(snapshot) {
        const left = table.update(snapshot);
        const all = integer(snapshot.in_flight.length);
        setText(said, left > 0 ? `the oldest ${most} of ${all}` : `${all} in flight`);
      },
      close: () => table.close(),
    };
  },
};

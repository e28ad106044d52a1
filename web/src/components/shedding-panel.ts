// Who is refused, since when, by whose decision and why; the accept queue, and the pressure.
import { integer, percent } from '../format';
import type { Snapshot } from '../model';
import { admissionMode, backlogWords, byWhom, classes, levelTone, levelWords } from '../shedding';
import { drawAge } from './ages';
import { h, setText } from './dom';
import { drawPill } from './pill';
import { Table } from './table';

interface ClassRow {
  name: string;
  meaning: string;
  refusedNow: boolean;
  never: boolean;
  admitted: number | null;
  refused: number | null;
  would: number | null;
}

const modes = {
  on: '',
  observe: 'Admission only observes: nobody is refused by measurement, it is only counted who would be.',
  off: 'Admission is off: nobody is refused by measurement.',
};

export class SheddingPanel {
  readonly element: HTMLElement;
  private readonly level = h('span');
  private readonly who = h('span');
  private readonly age = h('span');
  private readonly reason = h('p', { class: 'shed-reason' });
  private readonly mode = h('p', { class: 'shed-mode' });
  private readonly backlog = h('dd');
  private readonly backlogReason = h('dd', { class: 'hint' });
  private readonly pressure = h('dd');
  private readonly pressureSource = h('dd', { class: 'hint' });
  private readonly table = new Table<ClassRow>({
    label: 'Refused by class',
    columns: [
      { title: 'Class', draw: (cell, row) => setText(cell, row.name) },
      { title: 'Now', draw: (cell, row) => (row.refusedNow ? drawPill(cell, 'warning', 'refused') : drawPill(cell, 'info', row.never ? 'never refused' : 'let in')) },
      { title: 'Refused', hint: 'Answered 503 with the time to try again, since the app started', numeric: true, draw: (cell, row) => setText(cell, integer(row.refused)) },
      { title: 'Would refuse', hint: 'While admission only observes', numeric: true, draw: (cell, row) => setText(cell, integer(row.would)) },
      { title: 'Let in', hint: 'Counted only while refusing is considered', numeric: true, draw: (cell, row) => setText(cell, integer(row.admitted)) },
      { title: 'Which', wide: true, draw: (cell, row) => setText(cell, row.meaning) },
    ],
    key: (row) => row.name,
    empty: '',
  });

  constructor() {
    const head = h('p', { class: 'shed-head' }, this.level, this.who, this.age);
    const facts = h(
      'dl',
      { class: 'facts' },
      h('div', {}, h('dt', { title: 'Most connections that may wait in the kernel; shortened under overload to those that can be served in time' }, 'Accept queue, at most'), this.backlog, this.backlogReason),
      h('div', {}, h('dt', { title: 'What the app itself reads as stirbar.pressure' }, 'Pressure'), this.pressure, this.pressureSource),
    );
    const code = (text: string) => h('code', {}, text);
    const hand = h('p', { class: 'panel-foot' }, 'By hand, in a terminal of this machine: ', code('stirbar shed on'), ' refuses background and sheddable requests, ', code('stirbar shed off'), ' nobody, ', code('stirbar shed auto'), ' gives the decision back to the measurement.');
    this.element = h('div', { class: 'shedding' }, head, this.reason, this.mode, this.table.element, facts, hand);
  }

  update(s: Snapshot): void {
    const { traffic } = s;
    const level = traffic.shed_level;
    drawPill(this.level, levelTone(level), levelWords(level), `level ${level} of 3`);
    setText(this.who, traffic.shed_by ? `${byWhom(traffic)}, for ` : '');
    this.age.hidden = !traffic.shed_by;
    drawAge(this.age, traffic.level_age_seconds);
    setText(this.reason, traffic.shed_reason || 'No reason is given.');
    const mode = modes[admissionMode(s.settings)];
    this.mode.hidden = mode === '';
    setText(this.mode, mode);
    this.table.update(
      classes.map(({ name, from, meaning }) => ({
        name,
        meaning,
        never: from === null,
        refusedNow: from !== null && level >= from,
        admitted: traffic.admitted[name] ?? null,
        refused: traffic.refused[name] ?? null,
        would: traffic.would_refuse[name] ?? null,
      })),
    );
    setText(this.backlog, backlogWords(traffic));
    setText(this.backlogReason, traffic.backlog_reason);
    setText(this.pressure, percent(traffic.pressure));
    setText(this.pressureSource, traffic.pressure_source ? `from ${traffic.pressure_source}` : '');
  }
}

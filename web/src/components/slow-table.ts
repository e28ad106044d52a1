// Slow requests, newest first. A row opens to its figures, statements and stack.
import { ofRequest } from '../breakdown';
import { bytes, count, duration, integer, moment } from '../format';
import type { SlowRequest } from '../model';
import { qualityWords } from '../stacks';
import { sourceWords } from '../activity';
import { drawBreakdown, drawTable } from './breakdown-bar';
import { h, setAttribute, setFigure, setText } from './dom';
import { drawFrames } from './frames';
import { keyed } from './keyed';
import { drawPill } from './pill';
import { Table, type Column } from './table';

const columns: Column<SlowRequest>[] = [
  {
    title: 'Time',
    hint: 'When it ended; of one that was stuck, when that was recorded',
    value: (r) => r.time,
    draw(cell, r) {
      setText(cell, moment(r.time));
      setAttribute(cell, 'title', r.time);
    },
  },
  {
    title: 'Route',
    wide: true,
    value: (r) => r.route,
    draw(cell, r) {
      setText(cell, r.route);
      setAttribute(cell, 'data-mono', '');
    },
  },
  { title: 'Duration', hint: 'Without its queue time', numeric: true, value: (r) => r.duration_seconds, draw: (cell, r) => setFigure(cell, duration(r.duration_seconds)) },
  { title: 'Where the time went', draw: (cell, r) => drawBreakdown(cell, r.route, ofRequest(r)) },
  { title: 'Queue', hint: 'How long it waited before the app got it', numeric: true, value: (r) => r.queue_seconds, draw: (cell, r) => setFigure(cell, duration(r.queue_seconds), sourceWords(r.queue_source)) },
  { title: 'Outcome', hint: 'Status of the answer', draw: drawOutcome, value: (r) => r.status },
  { title: 'Statements', hint: 'SQL statements it executed', numeric: true, value: (r) => r.calls.sql ?? null, draw: (cell, r) => setFigure(cell, count(r.calls.sql ?? 0)) },
  { title: 'Worker', numeric: true, value: (r) => r.slot, draw: (cell, r) => setText(cell, String(r.slot)) },
];

function drawOutcome(cell: HTMLElement, r: SlowRequest): void {
  if (r.running) drawPill(cell, 'critical', 'stuck', 'Recorded while it was running, past its limit');
  else if (r.status === null) drawPill(cell, 'critical', 'raised', 'The app raised an exception');
  else if (r.status >= 500) drawPill(cell, 'critical', String(r.status));
  else if (r.slow) drawPill(cell, 'warning', String(r.status), 'Slower than slow_request_threshold');
  else drawPill(cell, 'info', String(r.status), 'Not slow: merely the slowest of its minute');
}

export class SlowTable {
  private readonly table = new Table<SlowRequest>({
    label: 'Slow requests, newest first',
    columns,
    key: (r) => `${r.id}/${r.running}`,
    empty: 'No slow request yet. The slowest of each minute is kept as well.',
    sortedBy: 'Time',
    detail: { title: 'Details', label: (r) => `Details of ${r.route}, ${duration(r.duration_seconds)}`, draw: drawDetail },
  });

  get element(): HTMLElement {
    return this.table.element;
  }

  update(requests: readonly SlowRequest[]): void {
    this.table.update(requests);
  }
}

function drawDetail(place: HTMLElement, r: SlowRequest): void {
  if (!place.childElementCount) place.append(...makeDetail());
  const [time, statements, stack] = place.children as unknown as HTMLElement[];
  drawTable(time!.children[1] as HTMLElement, ofRequest(r));
  setText(time!.lastElementChild!, facts(r));
  drawStatements(statements!, r);
  const held = r.lock_holder === null ? '' : r.lock_holder === r.thread ? ' · it held the interpreter lock itself' : ` · thread ${r.lock_holder} held the interpreter lock`;
  const quality = r.stack.length ? `${r.stack_age_seconds === null ? '' : `after ${duration(r.stack_age_seconds)} · `}${qualityWords(r.stack_quality)}${held}` : 'No stack was sampled while it ran, or it has been dropped in favour of newer requests.';
  setText(stack!.children[1]!, quality);
  drawFrames(stack!.lastElementChild as HTMLElement, r.stack);
}

function facts(r: SlowRequest): string {
  const sizes = [`${bytes(r.request_bytes)} received`, r.response_bytes === null ? '' : `${bytes(r.response_bytes)} sent`];
  return [...sizes, `worker ${r.slot}, pid ${r.pid}, thread ${r.thread}`].filter(Boolean).join(' · ');
}

function drawStatements(place: HTMLElement, r: SlowRequest): void {
  const [, none, list] = place.children as unknown as HTMLElement[];
  none!.hidden = r.statements.length > 0;
  keyed(list!, r.statements.map((s, i) => ({ ...s, i })), ({ i }) => String(i), () => h('li', {}, h('code', { class: 'sql' }), h('span', { class: 'hint' })), (item, s) => {
    setText(item.firstElementChild!, s.text);
    setText(item.lastElementChild!, `${duration(s.seconds)} in ${integer(s.calls)} ${s.calls === 1 ? 'call' : 'calls'}`);
  });
}

function makeDetail(): HTMLElement[] {
  return [
    h('section', { class: 'detail-part' }, h('h3', {}, 'Time'), h('div'), h('p', { class: 'hint facts-line' })),
    h('section', { class: 'detail-part text' }, h('h3', {}, 'SQL, without parameters'), h('p', { class: 'hint' }, 'No statement was recorded.'), h('ol', { class: 'statements' })),
    h('section', { class: 'detail-part grows' }, h('h3', {}, 'Python stack while it ran'), h('p', { class: 'hint' }), h('div')),
  ];
}

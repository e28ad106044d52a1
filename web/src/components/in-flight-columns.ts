// The columns of requests in flight: some on the overview, all on their own page.
import { deadline, doing, sourceWords, stuckMark } from '../activity';
import { duration, notMeasured, words } from '../format';
import type { InFlight, Worker } from '../model';
import { drawAge } from './ages';
import { h, setAttribute, setFigure, setText } from './dom';
import { drawPill } from './pill';
import type { Column } from './table';
import { drawWorkerState } from './worker-columns';

// "in SQL for 3.1 s", of which the age ticks
function drawDoing(cell: HTMLElement, request: InFlight): void {
  if (cell.childElementCount !== 2) cell.replaceChildren(h('span'), h('span'));
  const { word, seconds } = doing(request);
  const long = seconds !== null && seconds >= 0.001;
  setText(cell.firstElementChild!, long ? `${word} for ` : word);
  (cell.lastElementChild as HTMLElement).hidden = !long;
  drawAge(cell.lastElementChild!, seconds);
}

function drawStuck(cell: HTMLElement, request: InFlight): void {
  const mark = stuckMark(request.stuck);
  if (mark) drawPill(cell, mark.tone, mark.word, mark.meaning);
  else cell.replaceChildren();
}

export function briefColumns(worker: (slot: number) => Worker | undefined): Column<InFlight>[] {
  return [
    { title: 'Age', hint: 'Since the request came in', numeric: true, draw: (cell, r) => drawAge(cell, r.age_seconds) },
    {
      title: 'Route',
      wide: true,
      draw(cell, r) {
        setText(cell, r.route);
        setAttribute(cell, 'data-mono', '');
      },
    },
    { title: 'Stuck', hint: 'Past its limit: what was done about it', draw: drawStuck },
    {
      title: 'Worker state',
      draw: (cell, r) => {
        const of = worker(r.slot);
        if (of) drawWorkerState(cell, of);
        else setText(cell, notMeasured);
      },
    },
    { title: 'Worker', numeric: true, hint: 'Number of the worker’s slot', draw: (cell, r) => setText(cell, String(r.slot)) },
    { title: 'Doing', hint: 'What it waits for, else its phase. routing: not yet at a view; handling: in the view; streaming: sending the answer', draw: drawDoing },
  ];
}

export const restColumns: Column<InFlight>[] = [
  { title: 'Connection', hint: 'How long it has held a connection of the pool', numeric: true, draw: (cell, r) => (r.connection_seconds === null ? setFigure(cell, '') : drawAge(cell, r.connection_seconds)) },
  { title: 'Queue time', hint: 'How long it waited before the app got it; point at it for how that is known', numeric: true, draw: (cell, r) => setFigure(cell, duration(r.queue_seconds), sourceWords(r.queue_source)) },
  { title: 'Class', hint: 'Under overload background requests are refused first, critical ones never', draw: (cell, r) => setText(cell, words(r.criticality)) },
  {
    title: 'Deadline',
    hint: 'When its client stops waiting',
    numeric: true,
    draw(cell, r) {
      const { word, tone, meaning } = deadline(r.deadline_seconds);
      setText(cell, word);
      setAttribute(cell, 'title', meaning);
      setAttribute(cell, 'data-tone', tone);
    },
  },
  { title: 'Limit', hint: 'From this age it is stuck', numeric: true, draw: (cell, r) => (r.limit_seconds === null ? setFigure(cell, 'none', 'exempt') : setFigure(cell, duration(r.limit_seconds))) },
  { title: 'Client', hint: 'Its address, shortened as the configuration says', draw: (cell, r) => setFigure(cell, r.client || notMeasured) },
  { title: 'PID', numeric: true, draw: (cell, r) => setText(cell, String(r.pid)) },
  { title: 'Thread', hint: 'Thread id of the kernel', numeric: true, draw: (cell, r) => setText(cell, String(r.thread)) },
];

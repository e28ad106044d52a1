// Leaks, one row for each place in the code. A row opens to its stack and what to change.
import { holderWord, leakAdvice, leakWord, outcome, takenBy, type Leak } from '../connections';
import { duration, integer, moment } from '../format';
import { shortFile } from '../stacks';
import { h, setAttribute, setFigure, setText } from './dom';
import { drawFrames } from './frames';
import { drawPill } from './pill';
import { Table, type Column } from './table';

function place(leak: Leak): { text: string; title: string } {
  const frame = leak.stack[0];
  if (!frame) return { text: 'no stack kept', title: '' };
  const line = frame.line === null ? '' : `:${frame.line}`;
  return { text: `${shortFile(frame.file)}${line}`, title: `${frame.function}, ${frame.file}${line}` };
}

function time(title: string, hint: string, pick: (leak: Leak) => number): Column<Leak> {
  return { title, hint, value: pick, draw: (cell, leak) => setText(cell, moment(new Date(pick(leak) * 1000).toISOString())) };
}

const columns: Column<Leak>[] = [
  {
    title: 'Kind',
    hint: 'Of the newest',
    value: (leak) => leak.kind,
    draw(cell, leak) {
      const { tone, word, meaning } = leakWord(leak.kind) ?? { tone: 'unknown', word: 'unknown', meaning: '' };
      drawPill(cell, tone, word, meaning);
    },
  },
  {
    title: 'Route',
    wide: true,
    value: (leak) => leak.route,
    draw(cell, leak) {
      setText(cell, takenBy(leak.route));
      setAttribute(cell, 'data-mono', leak.route ? '' : null);
    },
  },
  {
    title: 'Taken at',
    wide: true,
    hint: 'File and line of the app that took the connection',
    draw(cell, leak) {
      const { text, title } = place(leak);
      setText(cell, text);
      setAttribute(cell, 'title', title || null);
      setAttribute(cell, 'data-mono', '');
    },
  },
  { title: 'As', hint: 'What the app used to take it', value: (leak) => leak.holder, draw: (cell, leak) => setText(cell, holderWord(leak.holder)) },
  { title: 'Times', hint: 'How often this place leaked', numeric: true, value: (leak) => leak.count, draw: (cell, leak) => setFigure(cell, integer(leak.count)) },
  { title: 'What became of them', wide: true, value: (leak) => outcome(leak).held, draw: (cell, leak) => setText(cell, outcome(leak).text) },
  time('First', 'When the first was found', (leak) => leak.first),
  time('Last', 'When the newest was found', (leak) => leak.last),
];

export class LeakTable {
  private readonly table = new Table<Leak>({
    label: 'Leaks, newest first',
    columns,
    key: (leak) => `${leak.pool}/${leak.route}/${leak.stack[0]?.file}:${leak.stack[0]?.line}/${leak.first}`,
    empty: '',
    sortedBy: 'Last',
    tone: (leak) => (outcome(leak).held > 0 ? (leakWord(leak.kind)?.tone ?? null) : null),
    detail: { title: 'Stack', label: (leak) => `Stack and advice for ${takenBy(leak.route)}, ${place(leak).text}`, draw: drawDetail },
  });

  readonly element = h('div', { class: 'leaks' }, this.table.element);

  update(leaks: readonly Leak[], empty: string): void {
    this.table.update(leaks, empty);
  }
}

function drawDetail(element: HTMLElement, leak: Leak): void {
  if (!element.childElementCount) {
    element.append(
      h('section', { class: 'detail-part text' }, h('h3', {}, 'What to change'), h('p'), h('p', { class: 'hint facts-line' })),
      h('section', { class: 'detail-part grows' }, h('h3', {}, 'Stack at its checkout'), h('p', { class: 'hint' }), h('div')),
    );
  }
  const [advice, stack] = element.children as unknown as HTMLElement[];
  setText(advice!.children[1]!, leakAdvice(leak));
  setText(advice!.children[2]!, `Pool ${leak.pool}. The newest was found in pid ${leak.pid}${leak.held_seconds === null ? '' : `, held for ${duration(leak.held_seconds)} by then`}.`);
  setText(stack!.children[1]!, leak.stack.length ? 'Innermost frame first; SQLAlchemy’s own are left out' : 'No stack was kept of it.');
  drawFrames(stack!.lastElementChild as HTMLElement, leak.stack);
}

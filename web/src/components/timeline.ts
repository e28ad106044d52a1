// Who holds which connection, as bars over the last minute: a line for each connection, longest hold
// first. A line opens to the stack that took it.
import { leakWord, takenBy } from '../connections';
import { age as ageWords, clock, duration } from '../format';
import { place, span, type Hold, type Lane } from '../holds';
import { h, setAttribute, setFigure, setText } from './dom';
import { drawHold } from './hold-detail';
import { icon } from './icon';
import { keyed } from './keyed';
import { drawPill } from './pill';

const atFirst = 12; // lines drawn until the reader wants all

export class Timeline {
  readonly element: HTMLElement;
  private readonly lanes = h('ol', { class: 'lanes', 'aria-label': 'Connections in use, longest first' });
  private readonly empty = h('p', { class: 'empty' });
  private readonly more = h('button', { type: 'button', class: 'more' });
  private whole = false;
  private lines: readonly Lane[] = [];
  private readonly chart: HTMLElement;
  private readonly open = new Set<string>();
  private now = 0;

  constructor() {
    const marks = [60, 45, 30, 15].map((s) => h('span', {}, `${s} s ago`));
    const axis = h('div', { class: 'axis', 'aria-hidden': 'true' }, h('div', { class: 'axis-scale' }, ...marks, h('span', {}, 'now')));
    const legend = h('ul', { class: 'swatches' }, ...legendItems());
    this.chart = h('div', { class: 'timeline' }, legend, axis, this.lanes);
    this.more.addEventListener('click', () => {
      this.whole = !this.whole;
      this.draw();
    });
    this.element = h('div', {}, this.chart, this.empty);
    this.chart.append(h('p', { class: 'lanes-foot' }, this.more));
  }

  // `now`: when it was looked, seconds since 1970.
  update(lanes: readonly Lane[], now: number, empty: string): void {
    this.now = now;
    this.lines = lanes;
    this.chart.hidden = lanes.length === 0;
    this.empty.hidden = lanes.length > 0;
    setText(this.empty, empty);
    this.draw();
  }

  private draw(): void {
    const left = this.lines.length - atFirst;
    (this.more.parentElement as HTMLElement).hidden = left <= 0;
    setText(this.more, this.whole ? `Show the longest ${atFirst} only` : `${left} more, held for shorter`);
    const shown = this.whole || left <= 0 ? this.lines : this.lines.slice(0, atFirst);
    keyed(this.lanes, shown, (lane) => lane.key, (lane) => this.line(lane.key), (element, lane) => this.change(element, lane));
  }

  private line(key: string): HTMLElement {
    const button = h(
      'button',
      { type: 'button', class: 'lane-row' },
      h('span', { class: 'lane-sign' }, icon('open')),
      h('span', { class: 'lane-age' }),
      h('span', { class: 'lane-who' }, h('span', { class: 'lane-route' }), ' ', h('span', { class: 'lane-where' })),
      h('span', { class: 'lane-mark' }),
      h('span', { class: 'track', 'aria-hidden': 'true' }),
    );
    button.addEventListener('click', () => {
      if (!this.open.delete(key)) this.open.add(key);
      this.draw();
    });
    return h('li', { class: 'lane' }, button);
  }

  private change(element: Element, lane: Lane): void {
    const newest = lane.holds[lane.holds.length - 1]!;
    const { of } = newest;
    const [, age, who, mark, track] = element.firstElementChild!.children as unknown as HTMLElement[];
    const kind = leakWord(of.leak);
    setAttribute(element, 'data-now', newest.now ? '' : null);
    setAttribute(element, 'data-leak', kind && newest.now ? of.leak : null);
    // As old as the bars are: ages that tick between two looks would cost more than all the rest.
    setFigure(age!, newest.now ? ageWords(this.now - newest.start) : duration(newest.end - newest.start), newest.now ? null : 'It has come back; so long it was held at least');
    setText(who!.firstElementChild!, takenBy(of.route, of.lane));
    setText(who!.lastElementChild!, newest.now ? `worker ${of.slot}${of.thread === null ? '' : ` · thread ${of.thread}`}` : `worker ${of.slot} · came back by ${clock(newest.end * 1000)}`);
    if (kind && newest.now) drawPill(mark!, kind.tone, kind.word, kind.meaning);
    else if (mark!.childElementCount) mark!.replaceChildren();
    keyed(track!, lane.holds, (hold) => hold.id, () => h('span', { class: 'held' }), (bar, hold) => this.bar(bar as HTMLElement, hold));
    this.detail(element, lane.key, newest);
  }

  private bar(bar: HTMLElement, hold: Hold): void {
    const { left, width, cut } = place(hold, this.now);
    if (bar.style.left !== `${left}%`) bar.style.left = `${left}%`;
    if (bar.style.width !== `${width}%`) bar.style.width = `${width}%`;
    setAttribute(bar, 'data-now', hold.now ? '' : null);
    setAttribute(bar, 'data-cut', cut ? '' : null);
    setAttribute(bar, 'data-leak', leakWord(hold.of.leak) ? hold.of.leak : null);
    const until = hold.now ? 'still held' : `back by ${clock(hold.end * 1000)}`;
    setAttribute(bar, 'title', `${takenBy(hold.of.route, hold.of.lane)}: since ${clock(hold.start * 1000)}, ${until}`);
  }

  private detail(element: Element, key: string, hold: Hold): void {
    const open = this.open.has(key);
    setAttribute(element.firstElementChild!, 'aria-expanded', String(open));
    let box = element.children[1] as HTMLElement | undefined;
    if (!open) return box?.remove();
    if (!box) element.append((box = h('div', { class: 'lane-detail detail-in' })));
    drawHold(box, hold, this.now);
  }
}

function legendItems(): HTMLElement[] {
  const item = (word: string, attributes: Record<string, string>, title: string) => h('li', { title }, h('span', { class: 'swatch held', ...attributes, 'aria-hidden': 'true' }), word);
  return [
    item('held now', { 'data-now': '' }, `An arrow at its left: for longer than ${span} s`),
    item('came back', {}, 'Holds too short to be met by a look every 2 s are not shown'),
    item('held too long', { 'data-now': '', 'data-leak': 'suspect' }, leakWord('suspect')!.meaning),
    item('leaked', { 'data-now': '', 'data-leak': 'confirmed' }, leakWord('confirmed')!.meaning),
  ];
}

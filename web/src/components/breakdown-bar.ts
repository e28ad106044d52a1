// A bar whose parts say where the time went. The figures show on hover and focus, and in its label.
import { sliceNames, sliceWords, type Breakdown, type Slice } from '../breakdown';
import { duration, integer, percent } from '../format';
import { h, setAttribute, setText } from './dom';
import { keyed } from './keyed';
import { redrawTip, tip } from './tip';

const drawn = new WeakMap<Element, Breakdown>();

// Null: there was no request to take apart.
export function drawBreakdown(cell: HTMLElement, what: string, of: Breakdown | null): void {
  if (!of || of.slices.length === 0) {
    if (!cell.querySelector(':scope > .none')) cell.replaceChildren(h('span', { class: 'none' }, '–'));
    return;
  }
  let bar = cell.querySelector<HTMLElement>(':scope > .breakdown');
  if (!bar) {
    bar = h('div', { class: 'breakdown', role: 'img', tabindex: '0' });
    cell.replaceChildren(bar);
    const made = bar;
    tip(bar, (place) => drawTable(place, drawn.get(made)!));
  }
  drawn.set(bar, of);
  setAttribute(bar, 'aria-label', `${what}: ${of.slices.map(sliceText).join(', ')}`);
  keyed(bar, of.slices, (s) => s.name, (s) => h('span', { class: `slice slice-${s.name}` }), (element, s) => {
    const width = `${Math.round(s.share * 1000) / 10}%`;
    const { style } = element as HTMLElement;
    if (style.width !== width) style.width = width;
  });
  redrawTip(bar);
}

function sliceText(slice: Slice): string {
  const calls = callsText(slice);
  return `${sliceWords[slice.name].word} ${duration(slice.seconds)}${calls ? ` in ${calls}` : ''}`;
}

function callsText({ name, calls }: Slice): string {
  const words = sliceWords[name].calls;
  return words && calls ? `${integer(calls)} ${calls === 1 ? words[0] : words[1]}` : '';
}

function swatch(name: string): HTMLElement {
  return h('span', { class: `swatch slice-${name}` });
}

// The same as a table.
export function drawTable(place: HTMLElement, of: Breakdown): void {
  let body = place.querySelector<HTMLElement>(':scope > .slices > tbody');
  if (!body) {
    body = h('tbody');
    place.replaceChildren(h('table', { class: 'slices' }, body));
  }
  keyed(
    body,
    of.slices,
    (s) => s.name,
    (s) => h('tr', {}, h('th', { scope: 'row', title: sliceWords[s.name].meaning }, swatch(s.name), sliceWords[s.name].word), h('td'), h('td'), h('td', { class: 'calls' })),
    (row, s) => {
      setText(row.children[1]!, duration(s.seconds));
      setText(row.children[2]!, percent(Math.round(s.share * 100) / 100));
      setText(row.children[3]!, callsText(s));
    },
  );
}

export function breakdownLegend(): HTMLElement {
  const items = sliceNames.map((name) => h('li', { title: sliceWords[name].meaning }, swatch(name), sliceWords[name].word));
  return h('ul', { class: 'swatches', 'aria-label': 'Colours of the bars' }, ...items);
}

// A Python stack: function, file and line, innermost frame first.
import { count } from '../format';
import type { Frame } from '../model';
import { shortFile } from '../stacks';
import { h, setAttribute, setText } from './dom';
import { keyed } from './keyed';

const atFirst = 12;
const whole = new WeakSet<Element>(); // places whose reader wants all frames
const drawn = new WeakMap<Element, string>(); // what each place shows

export function drawFrames(place: HTMLElement, frames: readonly Frame[]): void {
  // Most stacks are those of two seconds ago: comparing them is cheaper than asking the document.
  const now = `${whole.has(place)} ${frames.map((f) => `${f.function} ${f.file}:${f.line}`).join('\n')}`;
  if (drawn.get(place) === now) return;
  drawn.set(place, now);
  let list = place.querySelector<HTMLElement>(':scope > .frames');
  if (!list) {
    list = h('ol', { class: 'frames' });
    place.replaceChildren(list, moreButton(place));
  }
  const left = whole.has(place) ? 0 : Math.max(0, frames.length - atFirst);
  const shown = left ? frames.slice(0, atFirst) : frames;
  keyed(list, shown.map((frame, i) => ({ frame, i })), ({ i }) => String(i), newFrame, (item, { frame }) => {
    const where = frame.line ? `${shortFile(frame.file)}:${frame.line}` : shortFile(frame.file);
    setText(item.firstElementChild!, frame.function);
    setText(item.lastElementChild!, where);
    setAttribute(item.lastElementChild!, 'title', frame.file && (frame.line ? `${frame.file}:${frame.line}` : frame.file));
  });
  const more = place.lastElementChild as HTMLButtonElement;
  more.hidden = left === 0;
  setText(more, `${count(left)} more ${left === 1 ? 'frame' : 'frames'} outwards`);
  framesOf.set(more, frames);
}

const framesOf = new WeakMap<Element, readonly Frame[]>(); // of each button

function newFrame(): HTMLElement {
  return h('li', {}, h('code', { class: 'frame-function' }), ' ', h('span', { class: 'frame-place' }));
}

function moreButton(place: HTMLElement): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'more' });
  button.addEventListener('click', () => {
    whole.add(place);
    drawFrames(place, framesOf.get(button) ?? []);
  });
  return button;
}

// One thread: who it is, what it does, how well its stack could be read, and the stack.
import { age } from '../format';
import { qualityWords, stateWords, type ThreadStack } from '../stacks';
import { h, setAttribute, setFigure, setText } from './dom';
import { drawFrames } from './frames';
import { drawPill } from './pill';

export function newThread(): HTMLElement {
  const head = h('p', { class: 'thread-head' }, h('span', { class: 'thread-lock' }), h('strong'), h('span', { class: 'thread-state' }));
  const request = h('p', { class: 'thread-request' }, h('span', { class: 'thread-route' }), h('span'), h('span', { class: 'thread-age' }));
  return h('li', { class: 'thread' }, head, request, h('p', { class: 'thread-quality' }), h('div'));
}

export function drawThread(element: Element, thread: ThreadStack): void {
  const [head, request, quality, frames] = element.children as unknown as HTMLElement[];
  const lock = head!.firstElementChild as HTMLElement;
  if (thread.holds_lock) drawPill(lock, 'warning', 'holds the interpreter lock', 'No other thread of this worker runs Python code meanwhile');
  else lock.replaceChildren();
  setText(head!.children[1]!, thread.name || 'thread');
  setText(head!.lastElementChild!, [thread.thread ? `thread ${thread.thread}` : '', stateWords(thread)].filter(Boolean).join(' · '));
  setAttribute(element, 'data-lock', thread.holds_lock ? '' : null);
  drawRequest(request!, thread);
  setText(quality!, `Stack ${qualityWords(thread.quality, thread.reason)}`);
  setAttribute(quality!, 'data-quality', thread.quality);
  frames!.hidden = thread.frames.length === 0;
  drawFrames(frames!, thread.frames);
}

function drawRequest(place: HTMLElement, { request }: ThreadStack): void {
  place.hidden = request === null;
  setText(place.firstElementChild!, request?.route ?? '');
  setText(place.children[1]!, request ? ` · ${request.phase}, for ` : '');
  // Of the moment at which the stack was read: it stands still with it.
  setFigure(place.lastElementChild!, request ? age(request.age_seconds) : '');
}

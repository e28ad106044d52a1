// What opens below a request in flight: where its time went so far, and the stack of its thread now.
import { ofRequest } from '../breakdown';
import { clock } from '../format';
import type { InFlight } from '../model';
import type { StackFeed } from '../stack-feed';
import { threadOf } from '../stacks';
import { pageAddress } from '../site';
import { drawTable } from './breakdown-bar';
import { h, setAttribute, setText } from './dom';
import { drawThread, newThread } from './thread-stack';
import { Trouble } from './trouble';

interface Parts {
  slices: HTMLElement;
  said: HTMLElement;
  thread: HTMLElement;
  trouble: Trouble;
  all: HTMLElement;
}

const known = new WeakMap<Element, Parts>();

export function drawRequestDetail(place: HTMLElement, request: InFlight, feed: StackFeed): void {
  const parts = known.get(place) ?? make(place);
  const { duration_seconds, queue_seconds } = { duration_seconds: request.age_seconds, queue_seconds: request.queue_seconds };
  drawTable(parts.slices, ofRequest({ duration_seconds, queue_seconds, parts: request.parts, calls: request.calls }));
  parts.trouble.update(feed.error);
  const found = feed.stacks ? threadOf(feed.stacks, request.pid, request.id, request.thread) : undefined;
  const worker = feed.stacks?.workers.find((w) => w.pid === request.pid);
  parts.thread.hidden = !found;
  if (found) drawThread(parts.thread.firstElementChild!, found);
  setText(parts.said, feed.error ? '' : said(Boolean(found), worker?.unavailable, feed));
  setAttribute(parts.all, 'href', `${pageAddress('/stacks')}?pid=${request.pid}`);
  (parts.all as HTMLElement).hidden = !found;
}

function said(found: boolean, unavailable: string | undefined, feed: StackFeed): string {
  if (!feed.stacks) return 'Reading the stack…';
  if (unavailable) return `The stacks of this worker cannot be read: ${unavailable}.`;
  return found ? `Stack at ${clock(feed.stacks.time)}` : 'Its thread is not among those that were read: the request may have ended.';
}

function make(place: HTMLElement): Parts {
  const parts: Parts = {
    slices: h('div'),
    said: h('p', { class: 'hint' }),
    thread: h('ul', { class: 'threads' }, newThread()),
    trouble: new Trouble('No stack here', '/stacks'),
    all: h('a', { class: 'detail-link' }, 'All threads of this worker'),
  };
  place.append(
    h('section', { class: 'detail-part' }, h('h3', {}, 'Time so far'), parts.slices),
    h('section', { class: 'detail-part grows' }, h('h3', {}, 'Python stack'), parts.said, parts.trouble.element, parts.thread, parts.all),
  );
  known.set(place, parts);
  return parts;
}

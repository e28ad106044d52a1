import { Choose } from '../components/choose';
import { h, setAttribute, setText } from '../components/dom';
import { keyed } from '../components/keyed';
import { panel } from '../components/panel';
import { drawPill } from '../components/pill';
import { drawThread, newThread } from '../components/thread-stack';
import { Trouble } from '../components/trouble';
import { clock } from '../format';
import type { Snapshot } from '../model';
import { StackFeed } from '../stack-feed';
import type { WorkerStacks } from '../stacks';
import type { Page } from '../page';

export const page: Page = {
  path: '/stacks',
  title: 'Stacks',
  group: 'Now',
  icon: 'stacks',
  render(place) {
    return new StacksView(place);
  },
};

class StacksView {
  private readonly feed = new StackFeed(() => this.draw());
  private readonly trouble = new Trouble('No stacks here', '/stacks');
  private readonly worker = new Choose('Workers shown', () => this.choose());
  private readonly said = h('span', { class: 'stacks-said' });
  private readonly pause = h('button', { type: 'button', class: 'button' }, 'Pause');
  private readonly controls = h('div', { class: 'stack-controls' });
  private readonly list = h('div', { class: 'stack-workers' });
  private paused = false;
  private pid: number | null;
  private seen = '';

  constructor(place: HTMLElement) {
    const asked = Number(new URLSearchParams(location.search).get('pid'));
    this.pid = Number.isInteger(asked) && asked > 0 ? asked : null;
    const refresh = h('button', { type: 'button', class: 'button' }, 'Refresh');
    refresh.addEventListener('click', () => this.feed.refresh());
    this.pause.addEventListener('click', () => this.toggle());
    this.controls.append(this.said, this.worker.element, this.pause, refresh);
    place.append(
      panel('', [this.trouble.element], [this.controls], 'Python stacks of all threads, read from outside without stopping them; innermost frame first'),
      this.list,
    );
    this.feed.of(this.pid);
    this.feed.start();
  }

  update(snapshot: Snapshot): void {
    const options = snapshot.workers.map((w) => ({ value: String(w.pid), text: `Worker ${w.slot} (pid ${w.pid})` }));
    if (this.pid !== null && !options.some((o) => o.value === String(this.pid))) options.push({ value: String(this.pid), text: `pid ${this.pid}, gone` });
    this.worker.update([{ value: '', text: 'All workers' }, ...options]);
    this.worker.value = this.pid === null ? '' : String(this.pid);
    // A hang shows at once, not with the next turn.
    const slow = snapshot.in_flight.filter((r) => r.age_seconds > 0.5).map((r) => r.id || `${r.pid}/${r.thread}`);
    const now = [...snapshot.workers.filter((w) => w.hung).map((w) => w.pid), ...slow].sort().join();
    if (now !== this.seen && !this.paused && !this.feed.error) this.feed.refresh();
    this.seen = now;
  }

  close(): void {
    this.feed.stop();
  }

  private choose(): void {
    this.pid = this.worker.value ? Number(this.worker.value) : null;
    this.feed.of(this.pid);
    this.feed.refresh();
  }

  private toggle(): void {
    this.paused = !this.paused;
    if (this.paused) this.feed.stop();
    else this.feed.start();
    setText(this.pause, this.paused ? 'Go on' : 'Pause');
    this.draw();
  }

  private draw(): void {
    const { stacks, error } = this.feed;
    this.trouble.update(error);
    this.controls.hidden = this.feed.elsewhere;
    const time = stacks ? clock(stacks.time) : '';
    setText(this.said, !time ? '' : this.paused ? `paused · ${time}` : error ? `last read ${time}` : `read ${time}`);
    keyed(this.list, stacks?.workers ?? [], (w) => String(w.pid), newWorker, drawWorker);
  }
}

function newWorker(): HTMLElement {
  const head = h('div', { class: 'panel-head' }, h('h2', { class: 'panel-title' }), h('span', { class: 'hint' }), h('div', { class: 'panel-more' }));
  return h('section', { class: 'panel' }, head, h('p', { class: 'empty' }), h('ul', { class: 'threads' }));
}

function drawWorker(element: Element, worker: WorkerStacks): void {
  const [head, none, list] = element.children as unknown as HTMLElement[];
  const name = `Worker ${worker.slot}`;
  setAttribute(element, 'aria-label', name);
  setText(head!.firstElementChild!, name);
  setText(head!.children[1]!, `pid ${worker.pid} · ${worker.threads.length} ${worker.threads.length === 1 ? 'thread' : 'threads'}`);
  const more = head!.lastElementChild as HTMLElement;
  const holder = worker.threads.find((t) => t.holds_lock);
  more.hidden = Boolean(worker.unavailable);
  if (worker.lock_holder !== null) drawPill(more, holder?.request ? 'warning' : 'info', `thread ${worker.lock_holder} holds the interpreter lock`);
  else drawPill(more, 'unknown', worker.lock_locked ? 'interpreter lock held' : 'interpreter lock free');
  const why = worker.unavailable ? `The stacks of this worker cannot be read: ${worker.unavailable}.` : worker.threads.length ? '' : 'No thread of this worker runs Python code.';
  none!.hidden = why === '';
  setText(none!, why);
  keyed(list!, worker.threads, (t) => String(t.thread || t.name), newThread, drawThread);
}

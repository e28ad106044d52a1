import { actionTone, changeOf, emergencySentence, emergencySteps, freed, outcomeWord, subject, took, totalsOf, who, whyNot } from '../actions';
import { Refused } from '../api';
import { Filter } from '../components/filter';
import { h, setAttribute, setText } from '../components/dom';
import { drawPill } from '../components/pill';
import { panel } from '../components/panel';
import { Table, type Column } from '../components/table';
import { bytes, count, integer, moment, percent, words } from '../format';
import type { Action, Cache, Snapshot } from '../model';
import type { Page, View } from '../page';
import { change, fetchSession, type Session } from '../session';
import { live, ownPage } from '../site';
import { filtered } from '../sort';

export const page: Page = {
  path: '/actions',
  title: 'Actions',
  group: 'Records',
  icon: 'actions',
  render: (place) => new ActionsView(place),
};

const columns: Column<Action>[] = [
  {
    title: 'Time',
    draw(cell, a) {
      setText(cell, moment(a.time));
      setAttribute(cell, 'title', a.time);
    },
  },
  { title: 'Action', draw: (cell, a) => setText(cell, words(a.action)) },
  {
    title: 'Of',
    draw(cell, a) {
      setText(cell, subject(a));
      setAttribute(cell, 'title', a.pid === null ? null : `pid ${a.pid}`);
    },
  },
  { title: 'Outcome', draw: (cell, a) => drawPill(cell, actionTone(a), outcomeWord(a)) },
  { title: 'Before → after', hint: 'Resident memory of the worker; of a recycling, of all workers together', draw: drawChange },
  { title: 'Change', hint: 'What it gave back', numeric: true, draw: (cell, a) => setText(cell, freed(a)) },
  { title: 'Took', numeric: true, draw: (cell, a) => setText(cell, took(a)) },
  { title: 'Why, and what came of it', wide: true, draw: drawStory },
];

const cacheColumns: Column<Cache>[] = [
  { title: 'Cache', value: (c) => c.name, draw: (cell, c) => setText(cell, c.name) },
  { title: 'Entries', numeric: true, value: (c) => c.entries, draw: (cell, c) => setText(cell, integer(c.entries)) },
  { title: 'Hit ratio', hint: 'Of the last minute', numeric: true, value: (c) => c.hit_ratio, draw: (cell, c) => setText(cell, percent(c.hit_ratio)) },
  { title: 'Hits', numeric: true, value: (c) => c.hits, draw: (cell, c) => setText(cell, count(c.hits)) },
  { title: 'Misses', numeric: true, value: (c) => c.misses, draw: (cell, c) => setText(cell, count(c.misses)) },
  { title: 'Evicted', hint: 'By cleanups', numeric: true, value: (c) => c.evictions, draw: (cell, c) => setText(cell, count(c.evictions)) },
  { title: 'Workers', numeric: true, value: (c) => c.workers, draw: (cell, c) => setText(cell, integer(c.workers)) },
];

// Two bars, one above the other.
function drawChange(cell: HTMLElement, action: Action): void {
  const seen = changeOf(action);
  if (!cell.firstElementChild) {
    const bar = (name: string) => h('span', { class: 'change-bar', 'data-side': name, 'aria-hidden': 'true' });
    cell.append(h('span', { class: 'change' }, bar('before'), bar('after')), h('span', { class: 'change-words' }));
  }
  const [bars, said] = [cell.firstElementChild as HTMLElement, cell.lastElementChild as HTMLElement];
  bars.hidden = seen === null;
  setText(said, seen?.words ?? '–');
  if (!seen) return;
  const width = (share: number) => `${Math.round(share * 100)}%`;
  (bars.children[0] as HTMLElement).style.width = width(seen.before);
  (bars.children[1] as HTMLElement).style.width = width(seen.after ?? 0);
  setAttribute(bars.children[1]!, 'data-helped', action.helped ? '' : null);
}

function drawStory(cell: HTMLElement, action: Action): void {
  if (!cell.firstElementChild) cell.append(h('p', { class: 'story-why' }), h('p', { class: 'story-effect' }), h('p', { class: 'story-who' }));
  const [why, effect, asked] = [...cell.children] as [Element, Element, HTMLElement];
  setText(why, action.reason);
  setText(effect, action.effect);
  asked.hidden = action.actor === '';
  setText(asked, `asked for by ${who(action)}`);
}

class ActionsView implements View {
  private rows: readonly Action[] = [];
  private readonly table = new Table<Action>({ label: 'Actions, newest first', columns, key: (a) => String(a.number), empty: '', tone: (a) => (a.state === 'failed' ? 'critical' : null) });
  private readonly caches = new Table<Cache>({
    label: 'Caches',
    columns: cacheColumns,
    key: (c) => c.name,
    empty: 'No cache is registered. Give Stirbar a function with @stirbar.cache, or a cache of your own with stirbar.cache(…): it is then counted here, and evicted when memory is short.',
  });
  private readonly filter = new Filter('actions', () => this.draw());
  private readonly steps = h('ol', { class: 'emergency-steps' }, ...emergencySteps.map((step) => h('li', { 'data-step': step }, step)));
  private readonly sentence = h('p', { class: 'emergency-sentence' });
  private readonly since = h('p', { class: 'hint' });
  private readonly figures = h('p', { class: 'hint' });
  private readonly worker = h('select', { id: 'action-worker', 'aria-label': 'Worker' });
  private readonly clean = h('button', { type: 'button', class: 'button' }, 'Clean now');
  private readonly dry = h('button', { type: 'button', class: 'button' }, 'Dry run');
  private readonly recycle = h('button', { type: 'button', class: 'button' }, 'Recycle');
  private readonly said = h('p', { class: 'asked', role: 'status' });
  private readonly reason = h('p', { class: 'hint', id: 'action-reason' });
  private readonly elsewhere = h('a', { rel: 'noreferrer' });
  private session: Session | undefined;
  private snapshot: Snapshot | undefined;
  private asking = false;

  constructor(place: HTMLElement) {
    this.elsewhere.hidden = true;
    const controls = h('div', { class: 'asks' }, h('label', { for: 'action-worker' }, 'Of'), this.worker, this.clean, this.dry, this.recycle);
    place.append(
      panel('Memory', [h('div', { class: 'emergency' }, this.steps, this.sentence, this.since)]),
      panel('Do something', [controls, h('p', { class: 'asks-why' }, this.reason, ' ', this.elsewhere), this.said], [], 'the brakes hold for you as well'),
      panel('What was done', [this.table.element, this.figures], [this.filter.element], 'newest first, at most 50'),
      panel('Caches', [this.caches.element], [], 'registered by the app, over all workers'),
    );
    this.figures.classList.add('panel-foot');
    this.clean.addEventListener('click', () => void this.ask('cleanup', false));
    this.dry.addEventListener('click', () => void this.ask('cleanup', true));
    this.recycle.addEventListener('click', () => void this.ask('recycle', false));
    this.worker.addEventListener('change', () => this.drawControls());
    for (const button of [this.clean, this.dry, this.recycle]) button.setAttribute('aria-describedby', 'action-reason');
    if (live === 'stream') void this.look();
    this.drawControls();
  }

  update(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.rows = snapshot.actions;
    this.drawEmergency(snapshot);
    this.drawWorkers(snapshot);
    this.drawControls();
    this.caches.update(snapshot.caches);
    this.draw();
  }

  private async look(): Promise<void> {
    try {
      this.session = await fetchSession();
    } catch {
      // no answer: the buttons stay off, and say so
    }
    this.drawControls();
  }

  private draw(): void {
    const shown = filtered(this.rows, this.filter.text, (a) => `${words(a.action)} ${outcomeWord(a)} ${a.reason} ${a.effect} ${who(a)} ${a.pid ?? ''}`);
    this.table.update(shown, this.rows.length ? 'No action has this text.' : 'Nothing was done to the app yet, and nothing was withheld.');
    this.filter.say(shown.length, this.rows.length);
    const sums = totalsOf(this.rows);
    setText(this.figures, this.rows.length ? `Of these ${integer(sums.actions)} were done, ${integer(sums.helped)} helped, ${integer(sums.withheld)} were not done; together they gave back ${bytes(sums.freedBytes)}.` : '');
  }

  private drawEmergency({ emergency }: Snapshot): void {
    for (const step of this.steps.children) {
      const now = (step as HTMLElement).dataset.step === emergency.state;
      setAttribute(step, 'aria-current', now ? 'step' : null);
    }
    setAttribute(this.steps, 'data-tone', emergency.state === 'calm' ? 'healthy' : emergency.state === 'cooling' ? 'warning' : 'critical');
    setText(this.sentence, emergencySentence(emergency));
    const parts = [emergency.since ? `since ${moment(emergency.since)}` : '', emergency.reason].filter(Boolean);
    setText(this.since, parts.join(' · '));
  }

  private drawWorkers(snapshot: Snapshot): void {
    const wanted = ['', ...snapshot.workers.map((worker) => String(worker.pid))];
    const present = [...this.worker.options].map((option) => option.value);
    if (wanted.join() === present.join()) return;
    const chosen = this.worker.value;
    const options = snapshot.workers.map((worker) => h('option', { value: String(worker.pid) }, `worker ${worker.slot} (pid ${worker.pid})`));
    this.worker.replaceChildren(h('option', { value: '' }, 'all workers'), ...options);
    this.worker.value = wanted.includes(chosen) ? chosen : '';
  }

  private drawControls(): void {
    const polled = live !== 'stream';
    const reason = whyNot(this.session, this.snapshot, polled);
    const all = this.worker.value === '';
    this.clean.disabled = this.dry.disabled = reason !== '' || this.asking;
    this.recycle.disabled = reason !== '' || this.asking || all;
    setText(this.reason, reason || (all ? 'Recycling takes one worker: choose it.' : ''));
    const url = polled ? ownPage(this.snapshot?.app.url ?? '', '/actions') : null;
    this.elsewhere.hidden = url === null;
    if (url) {
      setAttribute(this.elsewhere, 'href', url);
      setText(this.elsewhere, url);
    }
  }

  private async ask(action: string, dryRun: boolean): Promise<void> {
    this.asking = true;
    this.drawControls();
    try {
      const worker = this.worker.value ? Number(this.worker.value) : null;
      const answer = (await change('api/v1/actions', { action, worker, dry_run: dryRun })) as { text?: unknown };
      setText(this.said, `Accepted: ${typeof answer.text === 'string' ? answer.text : action}. What comes of it appears below.`);
      setAttribute(this.said, 'data-tone', null);
    } catch (error) {
      const said = error instanceof Refused && error.said ? error.said : 'the supervisor does not answer';
      setText(this.said, `Not done: ${said}.`);
      setAttribute(this.said, 'data-tone', 'critical');
    } finally {
      this.asking = false;
      this.drawControls();
    }
  }
}

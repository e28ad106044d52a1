import { Choose } from '../components/choose';
import { drawFigure, h, setAttribute, setText } from '../components/dom';
import { ExportTable } from '../components/export-table';
import { Filter } from '../components/filter';
import { panel } from '../components/panel';
import { drawPill } from '../components/pill';
import { RangeChart, spanText } from '../components/range-chart';
import { groups, names } from '../components/range-charts';
import { Table } from '../components/table';
import { Trouble } from '../components/trouble';
import { duration, integer, moment, words } from '../format';
import type { Page } from '../page';
import {
  ends,
  everySeconds,
  exportAddress,
  fetchLines,
  fetchRecorded,
  fetchRecordedRoutes,
  fieldValue,
  kinds,
  marksOf,
  ownSpan,
  presets,
  searchOf,
  spanOf,
  type Kind,
  type RecordedLine,
  type RecordedRoute,
  type Span,
} from '../recorded';
import { address } from '../site';
import { filtered } from '../sort';
import { toneOf } from '../status';

export const page: Page = {
  path: '/history',
  title: 'History',
  group: 'Records',
  icon: 'history',
  render(place) {
    return new HistoryView(place);
  },
};

let kept: Span = { seconds: 3600 }; // while the page is open

class HistoryView {
  private readonly trouble = new Trouble('No history here', '/history');
  private readonly buttons = presets.map(([word, seconds]) => this.button(word, { seconds }));
  private readonly own = h('button', { type: 'button', 'aria-expanded': 'false', 'aria-controls': 'own-range' }, 'Own range');
  private readonly from = h('input', { type: 'datetime-local', class: 'filter' });
  private readonly until = h('input', { type: 'datetime-local', class: 'filter' });
  private readonly refusal = h('span', { class: 'range-refusal', role: 'alert' });
  private readonly form: HTMLFormElement;
  private readonly said = h('span', { class: 'hint', role: 'status' });
  private readonly csv = h('a', { class: 'button', download: '' }, 'CSV');
  private readonly json = h('a', { class: 'button', download: '' }, 'JSON');
  private readonly charts: RangeChart[];
  private readonly body = h('div', { class: 'range-body' });
  private readonly kind = new Choose('Kind of records', () => void this.loadLines());
  private readonly filter = new Filter('records', () => this.drawLines());
  private readonly older = h('button', { type: 'button', class: 'button' }, 'Show older');
  private readonly lines = lineTable();
  private readonly routes = routeTable();
  private readonly elsewhere = new ExportTable();
  private span: Span;
  private shown: { from: number; until: number } = { from: 0, until: 1 };
  private rows: RecordedLine[] = [];
  private before: number | null = null;
  private caption = '';
  private asked = 0; // number of the newest question: an older answer is thrown away
  private askedLines = 0;
  private readAt = 0;
  private closed = false;

  constructor(place: HTMLElement) {
    this.span = spanOf(location.search) ?? kept;
    this.own.addEventListener('click', () => this.toggleOwn());
    const show = h('button', { type: 'submit', class: 'button' }, 'Show');
    this.form = h('form', { class: 'range-own', id: 'own-range' }, h('label', {}, 'From ', this.from), h('label', {}, 'until ', this.until), show, this.refusal);
    this.form.hidden = true;
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.chooseOwn();
    });
    this.older.addEventListener('click', () => void this.loadLines(this.before));
    this.kind.update([{ value: '', text: 'All kinds' }, ...kinds.map((kind) => ({ value: kind, text: `${kind.charAt(0).toUpperCase()}${kind.slice(1)}${kind === 'access' ? '' : 's'}` }))]);
    const choice = h('div', { class: 'choice', role: 'group', 'aria-label': 'Time shown' }, ...this.buttons, this.own);
    const exports = h('div', { class: 'range-exports', role: 'group', 'aria-label': 'Export' }, this.csv, this.json);
    this.charts = groups.flatMap((group) => group.charts.map((options) => new RangeChart(options, (at) => this.showMoment(at), (from, until) => this.choose({ from, until }))));
    let next = 0;
    for (const group of groups) {
      const charts = this.charts.slice(next, (next += group.charts.length));
      this.body.append(h('section', { 'aria-label': group.title }, h('h2', { class: 'section-title' }, group.title), h('div', { class: 'charts' }, ...charts.map((c) => c.element))));
    }
    this.body.append(
      panel('Routes', [this.routes.element], [], 'of this span of time, most requests first'),
      panel('Records', [this.lines.element, h('p', { class: 'range-older' }, this.older)], [h('div', { class: 'range-tools' }, this.kind.element, this.filter.element)], 'events, alerts, changes of settings, actions and logins; marked in the charts'),
      this.elsewhere.element,
    );
    const head = h('div', { class: 'range-head' }, choice, this.said, exports);
    place.append(h('section', { class: 'panel', 'aria-label': 'Span of time' }, this.trouble.element, head, this.form), this.body);
    this.mark();
    void this.load();
  }

  // Snapshots come each second: they are the clock.
  update(): void {
    if ('seconds' in this.span && Date.now() - this.readAt >= everySeconds(this.span.seconds) * 1000) void this.load();
  }

  close(): void {
    this.closed = true;
    for (const chart of this.charts) chart.close();
  }

  private button(word: string, span: Span): HTMLButtonElement {
    const button = h('button', { type: 'button' }, word);
    button.addEventListener('click', () => this.choose(span));
    return button;
  }

  private choose(span: Span): void {
    this.span = span;
    kept = span;
    window.history.replaceState(null, '', location.pathname + searchOf(span)); // <base> would make it another page
    this.mark();
    void this.load();
  }

  private toggleOwn(): void {
    this.form.hidden = !this.form.hidden;
    if (!this.form.hidden) {
      this.from.value = fieldValue(this.shown.from);
      this.until.value = fieldValue(this.shown.until);
      this.from.focus();
    }
    setAttribute(this.own, 'aria-expanded', String(!this.form.hidden));
  }

  private chooseOwn(): void {
    const span = ownSpan(this.from.value, this.until.value);
    setText(this.refusal, span ? '' : 'The first time must lie before the second.');
    if (span) this.choose(span);
  }

  private mark(): void {
    const { span } = this;
    this.buttons.forEach((button, i) => setAttribute(button, 'aria-pressed', String('seconds' in span && presets[i]![1] === span.seconds)));
    setAttribute(this.own, 'aria-pressed', String(!('seconds' in span)));
  }

  private async load(): Promise<void> {
    const number = ++this.asked;
    void this.elsewhere.load();
    this.readAt = Date.now();
    const span = ends(this.span, Date.now() / 1000);
    this.shown = span;
    setAttribute(this.csv, 'href', address(exportAddress(this.span, 'csv', span.until)));
    setAttribute(this.json, 'href', address(exportAddress(this.span, 'json', span.until)));
    try {
      const [recorded, marked, routes] = await Promise.all([fetchRecorded(span, names), fetchLines(span, '', null), fetchRecordedRoutes(span)]);
      if (number !== this.asked || this.closed) return;
      this.trouble.update(undefined);
      this.body.hidden = false;
      this.caption = `${spanText(recorded)} · a point is ${duration(recorded.step)}`;
      this.showMoment(null);
      const marks = marksOf(marked.records, (recorded.until - recorded.from) / 150);
      for (const chart of this.charts) chart.update(recorded, marks);
      this.routes.update(routes, 'No request was recorded in this span of time.');
      await this.loadLines();
    } catch (error) {
      if (number !== this.asked || this.closed) return;
      this.trouble.update(error as Error);
      this.body.hidden = this.rows.length === 0 && this.caption === '';
    }
  }

  private async loadLines(before: number | null = null): Promise<void> {
    const number = ++this.askedLines;
    try {
      const answer = await fetchLines(this.shown, this.kind.value as Kind | '', before);
      if (number !== this.askedLines || this.closed) return;
      this.rows = before === null ? answer.records : [...this.rows, ...answer.records];
      this.before = answer.before;
      this.drawLines();
    } catch (error) {
      if (number === this.askedLines && !this.closed) this.trouble.update(error as Error);
    }
  }

  private drawLines(): void {
    const shown = filtered(this.rows, this.filter.text, (r) => `${r.kind} ${words(r.name)} ${r.severity} ${r.text} ${r.actor}`);
    this.lines.update(shown, this.rows.length ? 'No record has this text.' : 'Nothing was recorded in this span of time.');
    this.filter.say(shown.length, this.rows.length);
    this.older.hidden = this.before === null;
  }

  private showMoment(at: number | null): void {
    setText(this.said, at === null ? this.caption : `at ${moment(new Date(at * 1000).toISOString())}`);
  }
}

function lineTable(): Table<RecordedLine> {
  return new Table<RecordedLine>({
    label: 'Records, newest first',
    columns: [
      {
        title: 'Time',
        draw(cell, r) {
          setText(cell, moment(r.time));
          setAttribute(cell, 'title', r.time);
        },
      },
      { title: 'Kind', draw: (cell, r) => setText(cell, r.kind) },
      { title: 'Severity', draw: (cell, r) => drawPill(cell, toneOf(r.severity), r.severity) },
      { title: 'Text', wide: true, draw: (cell, r) => setText(cell, r.text) },
      { title: 'What', draw: (cell, r) => setText(cell, words(r.name)) },
      { title: 'Who', draw: (cell, r) => setText(cell, r.actor || 'Stirbar') },
    ],
    key: (r) => String(r.number),
    empty: 'Nothing was recorded in this span of time.',
  });
}

function routeTable(): Table<RecordedRoute> {
  const seconds = (title: string, hint: string, of: (r: RecordedRoute) => number | null) => ({
    title,
    hint,
    numeric: true,
    draw: (cell: HTMLElement, r: RecordedRoute) => drawFigure(cell, of(r), duration),
    value: (r: RecordedRoute) => of(r),
  });
  return new Table<RecordedRoute>({
    label: 'Routes of this span of time',
    columns: [
      {
        title: 'Route',
        wide: true,
        draw(cell, r) {
          setText(cell, r.route);
          setAttribute(cell, 'data-mono', '');
        },
        value: (r) => r.route,
      },
      { title: 'Requests', numeric: true, draw: (cell, r) => drawFigure(cell, r.requests, integer), value: (r) => r.requests },
      { title: 'Errors', hint: 'Answered with 5xx', numeric: true, draw: (cell, r) => drawFigure(cell, r.errors, integer), value: (r) => r.errors },
      seconds('Mean', 'Mean duration', (r) => r.mean_seconds),
      seconds('p50', 'Half of the requests took no longer', (r) => r.p50_seconds),
      seconds('p95', '95 of 100 requests took no longer', (r) => r.p95_seconds),
      seconds('p99', '99 of 100 requests took no longer', (r) => r.p99_seconds),
    ],
    key: (r) => r.route,
    empty: 'No request was recorded in this span of time.',
    sortedBy: 'Requests',
  });
}

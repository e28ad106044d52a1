// Health: each component, what each worker has to do with it, why, since when, and what it leans on.
import { drawAge } from '../components/ages';
import { h, setAttribute, setText } from '../components/dom';
import { keyed } from '../components/keyed';
import { panel } from '../components/panel';
import { drawPill } from '../components/pill';
import { clock, moment, words } from '../format';
import { componentRows, type Cell, type ComponentRow } from '../health-matrix';
import type { Dependency, HealthGroup, Probe, Snapshot } from '../model';
import type { Page } from '../page';
import { toneOf, type Tone } from '../status';

const probeMeanings: Record<string, string> = {
  live: '/health/live: the app can recover by itself. Asks nothing outside this machine.',
  ready: '/health/ready: at least one worker answers',
  startup: '/health/startup: a worker has begun to serve',
};

export const page: Page = {
  path: '/components', // /health is for probes, which must never see a page's 200
  title: 'Health',
  group: 'Now',
  icon: 'health',
  render(place) {
    const said = h('span');
    const matrix = new Matrix();
    const probes = h('ul', { class: 'findings', 'aria-label': 'Probes' });
    const groups = h('ul', { class: 'findings', 'aria-label': 'Groups' });
    const groupPanel = panel('Groups', [groups], [], 'of stirbar.toml, [health.groups]');
    const dependencies = h('ul', { class: 'findings', 'aria-label': 'Dependencies' });
    const none = h('p', { class: 'empty' }, 'None seen: no database pool, no outgoing call, no sink of alerts, no export of the history.');
    place.append(
      panel('Components and workers', [matrix.element], [said], 'worst first'),
      h('div', { class: 'pair' }, panel('Probes', [probes], [], 'for orchestrators and load balancers'), panel('Dependencies', [dependencies, none], [], 'never part of liveness or readiness'), groupPanel),
    );
    return {
      update(snapshot) {
        setText(said, `last check ${clock(snapshot.health.last_check)}`);
        matrix.update(snapshot);
        keyed(probes, ['live', 'ready', 'startup'].filter((name) => snapshot.probes[name]), (name) => name, newLine, (line, name) =>
          drawProbe(line, name, snapshot.probes[name]!),
        );
        groupPanel.hidden = snapshot.health.groups.length === 0;
        keyed(groups, snapshot.health.groups, (group) => group.name, newLine, drawGroup);
        none.hidden = snapshot.health.dependencies.length > 0;
        keyed(dependencies, snapshot.health.dependencies, (d) => `${d.kind}/${d.name}`, newLine, drawDependency);
      },
    };
  },
};

class Matrix {
  readonly element: HTMLElement;
  private readonly head = h('tr');
  private readonly body = h('tbody');

  constructor() {
    const table = h('table', { class: 'table health-matrix' }, h('thead', {}, this.head), this.body);
    this.element = h('div', { class: 'scroll', role: 'group', tabindex: '0', 'aria-label': 'Components and workers' }, table);
  }

  update(s: Snapshot): void {
    const heads = [
      { key: 'component', text: 'Component', title: '' },
      { key: 'status', text: 'App', title: 'of the whole app' },
      ...s.workers.map((w) => ({ key: `worker ${w.slot}`, text: `Worker ${w.slot}`, title: `pid ${w.pid}` })),
    ];
    keyed(this.head, heads, ({ key }) => key, () => h('th', { scope: 'col', class: 'text' }), (cell, { text, title }) => {
      setText(cell, text);
      setAttribute(cell, 'title', title || null);
    });
    const now = Date.parse(s.time);
    keyed(this.body, componentRows(s), (row) => row.name, newRow, (element, row) => drawRow(element, row, now));
  }
}

function newRow(row: ComponentRow): HTMLElement {
  const why = h('div', { class: 'health-why' }, h('span'), h('span', { class: 'health-since' }, h('span'), h('span')));
  return h('tr', {}, h('th', { scope: 'row', class: 'text' }, words(row.name)), h('td', { class: 'text wide' }, h('div', { class: 'health-app' }, h('span'), why)));
}

function drawRow(element: Element, row: ComponentRow, now: number): void {
  const app = element.children[1]!.firstElementChild!;
  drawPill(app.firstElementChild!, toneOf(row.status), row.status, row.rules.length ? `rules: ${row.rules.map(words).join(', ')}` : '');
  const [reason, since] = app.lastElementChild!.children as unknown as [Element, HTMLElement];
  setText(reason, row.reason || dependsText(row));
  since.hidden = row.since === '';
  if (row.since) {
    setText(since.firstElementChild!, `since ${moment(row.since)}, for `);
    drawAge(since.lastElementChild!, (now - Date.parse(row.since)) / 1000);
  }
  const cells = [...element.children].slice(2);
  row.cells.forEach((cell, i) => drawCell(cells[i] ?? element.appendChild(newCell()), cell));
  cells.slice(row.cells.length).forEach((cell) => cell.remove());
}

function dependsText(row: ComponentRow): string {
  if (!row.dependsOn.length) return '';
  const lost = row.dependsOn.filter((on) => on.status !== 'healthy').length;
  return `depends on ${row.dependsOn.length}${lost ? `, ${lost} in trouble` : ', all well'}`;
}

function newCell(): HTMLElement {
  return h('td', { class: 'text health-cell' }, h('span', { class: 'health-sign' }), h('span', { class: 'health-figure' }));
}

// Healthy cells show the figure alone: what is wrong stands out.
function drawCell(element: Element, cell: Cell): void {
  const [sign, figure] = element.children as unknown as [HTMLElement, HTMLElement];
  setAttribute(element, 'data-tone', cell.status === 'healthy' ? null : cell.status);
  sign.hidden = cell.status === 'healthy';
  if (cell.status !== 'healthy') drawPill(sign, toneOf(cell.status), cell.status);
  setText(figure, cell.figure);
  setAttribute(element, 'title', cell.reason || null);
}

function newLine(): HTMLElement {
  return h('li', { class: 'finding' }, h('span'), h('div', {}, h('p', { class: 'finding-text' }), h('p', { class: 'finding-small' })));
}

function drawLine(line: Element, tone: Tone, word: string, text: string, small: string): void {
  drawPill(line.firstElementChild!, tone, word);
  setText(line.querySelector('.finding-text')!, text);
  setText(line.querySelector('.finding-small')!, small);
}

function probeTone(status: string): Tone {
  return status === 'pass' ? 'healthy' : status === 'warn' ? 'warning' : status === 'fail' ? 'critical' : 'unknown';
}

function drawProbe(line: Element, name: string, probe: Probe): void {
  drawLine(line, probeTone(probe.status), probe.status, probe.reason || name, probeMeanings[name] ?? '');
}

function drawGroup(line: Element, group: HealthGroup): void {
  drawLine(line, probeTone(group.status), group.status, group.reason || group.name, `/health/group/${group.name}: ${group.members.map(words).join(', ')}; fails at ${group.fails_at}`);
}

function drawDependency(line: Element, dependency: Dependency): void {
  drawLine(line, toneOf(dependency.status), dependency.status, dependency.name, [dependency.reason, dependency.detail].filter(Boolean).join('; ') || `${words(dependency.kind)} of ${words(dependency.component)}`);
}

// The charts of a page, with one choice of how far back they reach.
import { bytes, clock, count, duration, percent, perSecond } from '../format';
import type { HistoryBuffer } from '../history';
import type { Figure } from '../model';
import { Chart, type ChartOptions } from './chart';
import { h, setAttribute, setText } from './dom';

export const overviewCharts: readonly ChartOptions[] = [
  { title: 'Memory', hint: 'Memory of all processes of the app', series: [{ name: 'memory_bytes', label: 'used' }], format: bytes, least: 16e6 },
  { title: 'CPU', hint: 'CPU time of the app as a share of what it may use', series: [{ name: 'cpu_ratio', label: 'used' }], format: percent, least: 0.1 },
  { title: 'Throughput', hint: 'Requests answered per second', series: [{ name: 'requests_per_second', label: 'requests/s' }], format: perSecond, least: 5 },
  {
    title: 'Latency',
    hint: 'How long requests took: half, 95 and 99 of 100 took no longer',
    series: [
      { name: 'p50_seconds', label: 'p50' },
      { name: 'p95_seconds', label: 'p95' },
      { name: 'p99_seconds', label: 'p99' },
    ],
    format: duration,
    least: 0.01,
  },
  {
    title: 'Queue',
    hint: 'Connections that wait to be accepted, and requests that workers handle',
    series: [
      { name: 'accept_queue', label: 'waiting' },
      { name: 'in_flight', label: 'in flight', dash: [5, 3] },
    ],
    format: count,
    least: 5,
    whole: true,
  },
  { title: 'Interpreter lock', hint: 'Longest wait for the interpreter lock in any worker', series: [{ name: 'lock_wait_seconds', label: 'longest wait' }], format: duration, least: 0.1 },
];

export const loadCharts: readonly ChartOptions[] = [
  { title: 'Saturation', hint: 'At 50 % every request slot is busy; at 100 % who comes now waits longer than its deadline', series: [{ name: 'saturation', label: 'saturation' }], format: percent, least: 1, most: 1 },
  {
    title: 'Queue time',
    hint: 'How long requests waited before the app got them: half and 95 of 100 no longer',
    series: [
      { name: 'queue_p50_seconds', label: 'p50' },
      { name: 'queue_p95_seconds', label: 'p95' },
    ],
    format: duration,
    least: 0.01,
  },
  { title: 'Refused', hint: 'Requests refused early per second, with a 503 and the time to try again', series: [{ name: 'refused_per_second', label: 'refused/s' }], format: perSecond, least: 1 },
  { title: 'Accept queue', hint: 'Connections that wait in the kernel to be accepted', series: [{ name: 'accept_queue', label: 'waiting' }], format: count, least: 5, whole: true },
];

export const connectionCharts: readonly ChartOptions[] = [
  { title: 'Pool in use', hint: 'Share of the connections in use of the fullest pool', series: [{ name: 'pool_utilisation', label: 'in use' }], format: percent, least: 1, most: 1 },
  { title: 'Waiting for a connection', hint: 'Requests and tasks that wait for a connection, in all pools', series: [{ name: 'pool_waiting', label: 'waiting' }], format: count, least: 5, whole: true },
  { title: 'Wait p95', hint: '95 of 100 checkouts of the last minute waited no longer for their connection', series: [{ name: 'pool_wait_p95_seconds', label: 'wait p95' }], format: duration, least: 0.01 },
  { title: 'Time in SQL', hint: 'Seconds that requests spend in statements, in each second: how many are at the database at once, on average', series: [{ name: 'database_seconds', label: 'in SQL' }], format: count, least: 1 },
];

const ranges: [minutes: number, word: string][] = [
  [1, '1 min'],
  [5, '5 min'],
  [15, '15 min'],
];
let minutes = 5; // kept while the page is open

export class Charts {
  readonly element: HTMLElement;
  private readonly charts: Chart[];
  private readonly buttons: HTMLButtonElement[];
  private readonly moment = h('span', { class: 'hint' });

  constructor(history: HistoryBuffer, shown: readonly ChartOptions[]) {
    this.charts = shown.map((options) => new Chart(options, history, () => minutes * 60, (at) => this.show(at)));
    this.buttons = ranges.map(([value, word]) => this.button(value, word));
    const choice = h('div', { class: 'choice', role: 'group', 'aria-label': 'Time shown' }, ...this.buttons);
    const head = h('div', { class: 'section-head' }, h('h2', { class: 'section-title' }, 'Over time'), this.moment, choice);
    this.element = h('section', { 'aria-label': 'Charts' }, head, h('div', { class: shown.length % 3 ? 'charts by-two' : 'charts' }, ...this.charts.map((c) => c.element)));
    this.mark();
  }

  update(): void {
    for (const chart of this.charts) chart.update();
  }

  close(): void {
    for (const chart of this.charts) chart.close();
  }

  private show(at: Figure): void {
    setText(this.moment, at === null ? 'now' : `at ${clock(at * 1000)}`);
  }

  private button(value: number, word: string): HTMLButtonElement {
    const button = h('button', { type: 'button' }, word);
    button.addEventListener('click', () => {
      minutes = value;
      this.mark();
      this.update();
    });
    return button;
  }

  private mark(): void {
    this.buttons.forEach((button, i) => setAttribute(button, 'aria-pressed', String(ranges[i]![0] === minutes)));
  }
}

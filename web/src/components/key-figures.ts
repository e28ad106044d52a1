// The key figures of the overview.
import { bytes, count, duration, integer, percent, perSecond } from '../format';
import type { Figure, Snapshot } from '../model';
import { setting } from '../shedding';
import { toneOf, type Tone } from '../status';
import { h } from './dom';
import { Tile } from './tile';

export class KeyFigures {
  readonly element: HTMLElement;
  private readonly requests = new Tile('Requests', 'Requests answered per second, over the last minute');
  private readonly p50 = new Tile('p50', 'Half of the requests of the last minute took no longer than this');
  private readonly p95 = new Tile('p95', '95 of 100 requests of the last minute took no longer than this');
  private readonly p99 = new Tile('p99', '99 of 100 requests of the last minute took no longer than this');
  private readonly errors = new Tile('Errors', 'Share of answers with a status of 500 or more, over the last minute');
  private readonly memory = new Tile('Memory', 'Memory of all processes of the app; how full the container’s limit is, or without one the machine’s memory');
  private readonly cpu = new Tile('CPU', 'CPU time of all processes of the app, as a share of what the app may use');
  private readonly queue = new Tile('Accept queue', 'Connections that wait in the kernel until a worker accepts them');
  private readonly saturation = new Tile('Saturation', 'At 50 % every request slot is busy; at 100 % who comes now waits longer than its deadline');
  private readonly waited = new Tile('Queue p95', '95 of 100 requests of the last minute waited no longer than this before the app got them');
  private readonly inFlight = new Tile('In flight', 'Requests that workers handle now');
  private readonly lost = new Tile('Lost', 'Requests that ended with the death of their worker: nobody got an answer');

  constructor() {
    const tiles = [this.requests, this.p50, this.p95, this.p99, this.errors, this.saturation];
    const more = [this.memory, this.cpu, this.queue, this.waited, this.inFlight, this.lost];
    this.element = h('dl', { class: 'tiles', 'aria-label': 'Key figures' }, ...[...tiles, ...more].map((t) => t.element));
  }

  update(s: Snapshot): void {
    const { resources, performance, latency, totals } = s;
    const tone = (component: string) => attention(s.health.components[component]);
    const some = (s.latency.p50_seconds ?? null) !== null;
    this.requests.update(perSecond(performance.throughput_rps), `${integer(totals.requests)} in all`);
    this.p50.update(duration(latency.p50_seconds), some ? '50 % are faster' : 'no request');
    this.p95.update(duration(latency.p95_seconds), some ? '95 % are faster' : 'no request');
    this.p99.update(duration(latency.p99_seconds), some ? '99 % are faster' : 'no request');
    this.errors.update(percent(performance.error_rate), `${integer(totals.errors)} in all`, tone('requests'));
    const megabytes = resources.memory_usage_mb;
    this.memory.update(bytes(megabytes == null ? null : megabytes * 1e6), ofShare(s), tone('memory'));
    const cpu = resources.cpu_usage_percent;
    this.cpu.update(percent(cpu == null ? null : cpu / 100), cores(s), tone('cpu'));
    this.queue.update(count(resources.request_queue_size), backlog(s), tone('queue'));
    const { traffic } = s;
    this.saturation.update(percent(traffic.saturation), slots(s), above(s, 'saturation', traffic.saturation));
    this.waited.update(duration(traffic.queue.p95_seconds), `half ${duration(traffic.queue.p50_seconds)}`, above(s, 'queue_time', traffic.queue.p95_seconds));
    const hung = s.workers.filter((w) => w.hung).length;
    const note = hung ? `${workers(hung)} hung` : `on ${workers(s.workers.length)}`;
    this.inFlight.update(count(s.in_flight.length), note, hung ? 'critical' : null);
    this.lost.update(count(totals.lost), `${workers(totals.workers_died ?? 0)} died`);
  }
}

function attention(status: string | undefined): Tone | null {
  return status === 'warning' || status === 'critical' ? toneOf(status) : null;
}

// The tone of a figure by the two thresholds of its rule.
function above(s: Snapshot, rule: string, value: Figure): Tone | null {
  const reached = (threshold: number | null) => value !== null && threshold !== null && value >= threshold;
  if (reached(setting(s.settings, `${rule}_critical_threshold`))) return 'critical';
  return reached(setting(s.settings, `${rule}_warning_threshold`)) ? 'warning' : null;
}

function slots({ traffic }: Snapshot): string {
  if (traffic.busy === null) return 'not known';
  return traffic.capacity === null ? `${count(traffic.busy)} busy` : `${count(traffic.busy)} of ${count(traffic.capacity)} slots busy`;
}

function workers(number: number): string {
  return number === 1 ? '1 worker' : `${integer(number)} workers`;
}

function cores(s: Snapshot): string {
  const number = s.machine?.cgroup?.cpu_limit ?? s.machine?.cpus;
  return number == null ? 'of what it may use' : `of ${count(number)} ${number === 1 ? 'core' : 'cores'}`;
}

// Without a limit of its own the app shares the machine's memory with all others.
function ofShare(s: Snapshot): string {
  const percentage = s.resources.memory_usage_percent;
  if (percentage == null) return 'share not known';
  const limited = s.machine?.cgroup?.memory_limit_bytes != null;
  return limited ? `limit: ${percent(percentage / 100)} used` : `machine: ${percent(percentage / 100)} used`;
}

function backlog(s: Snapshot): string {
  const room = s.listeners.reduce((sum, l) => sum + l.backlog, 0);
  return room ? `of ${integer(room)} places` : 'no listening socket';
}

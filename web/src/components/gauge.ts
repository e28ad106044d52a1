// The saturation gauge: two halves, one for each part of the formula, with the figures that went in.
import { duration, integer, notMeasured, percent, perSecond } from '../format';
import type { Snapshot } from '../model';
import { saturation, setting } from '../shedding';
import type { Tone } from '../status';
import { h, setAttribute, setFigure, setText } from './dom';

export class Gauge {
  readonly element: HTMLElement;
  private readonly figure = h('span', { class: 'gauge-figure' });
  private readonly said = h('span', { class: 'gauge-said' });
  private readonly limits = h('span', { class: 'hint gauge-limits' });
  private readonly busy = h('span', { class: 'gauge-part gauge-busy' });
  private readonly wait = h('span', { class: 'gauge-part gauge-wait' });
  private readonly marks = [h('span', { class: 'gauge-mark' }), h('span', { class: 'gauge-mark' })];
  private readonly bar = h('div', { class: 'gauge-bar', role: 'img' }, this.busy, this.wait, ...this.marks);
  private readonly scale = h('div', { class: 'gauge-scale', 'aria-hidden': 'true' }, h('span', {}, '0 %'), h('span', {}, '50 %'), h('span', {}, '100 %'));
  private readonly busyTerm = h('dd');
  private readonly waitTerm = h('dd');

  constructor() {
    const head = h('div', { class: 'gauge-head' }, this.figure, this.said, this.limits);
    const swatch = (of: string) => h('span', { class: `swatch ${of}`, 'aria-hidden': 'true' });
    const formula = h(
      'dl',
      { class: 'formula' },
      h('div', {}, h('dt', {}, swatch('gauge-busy'), '½ × busy ÷ capacity'), this.busyTerm),
      h('div', {}, h('dt', {}, swatch('gauge-wait'), '½ × predicted wait ÷ deadline'), this.waitTerm),
    );
    this.element = h('div', { class: 'gauge' }, head, this.bar, this.scale, formula);
  }

  update(s: Snapshot): void {
    const { busy, wait, value } = saturation(s);
    const { traffic } = s;
    setFigure(this.figure, percent(value));
    setText(this.said, meaning(s, value));
    setAttribute(this.element, 'data-tone', toneOf(s, value));
    // Where a part is not known, the other one stands for the whole.
    setWidth(this.busy, busy === null ? Math.max(0, (value ?? 0) - (wait ?? 0) / 2) : busy / 2);
    setWidth(this.wait, (wait ?? 0) / 2);
    setAttribute(this.bar, 'aria-label', `Saturation ${percent(value)}`);
    const thresholds = [setting(s.settings, 'saturation_warning_threshold'), setting(s.settings, 'saturation_critical_threshold')];
    setText(this.limits, thresholds.some((t) => t === null) ? '' : `warning from ${percent(thresholds[0])}, critical from ${percent(thresholds[1])}`);
    thresholds.forEach((threshold, i) => {
      const mark = this.marks[i]!;
      mark.hidden = threshold === null;
      mark.title = `${i ? 'critical' : 'warning'} from ${percent(threshold)}`;
      mark.style.left = `${(threshold ?? 0) * 100}%`;
    });
    const of = traffic.capacity === null ? 'capacity not known: compared with the workers' : `${integer(traffic.busy)} of ${integer(traffic.capacity)} request slots busy`;
    setText(this.busyTerm, `${of}${busy === null ? '' : ` = ${percent(busy / 2)}`}`);
    const rate = traffic.service_rate === null ? '' : ` (${integer(traffic.waiting)} waiting, ${perSecond(traffic.service_rate)} served)`;
    const deadline = setting(s.settings, 'request_deadline');
    setText(this.waitTerm, wait === null ? notMeasured : `${duration(traffic.predicted_wait_seconds)}${rate} of ${duration(deadline)} = ${percent(wait / 2)}`);
  }
}

function setWidth(element: HTMLElement, share: number): void {
  const width = `${Math.round(Math.min(1, share) * 1000) / 10}%`;
  if (element.style.width !== width) element.style.width = width;
}

function toneOf(s: Snapshot, value: number | null): Tone | null {
  if (value === null) return null;
  if (value >= (setting(s.settings, 'saturation_critical_threshold') ?? Infinity)) return 'critical';
  return value >= (setting(s.settings, 'saturation_warning_threshold') ?? Infinity) ? 'warning' : null;
}

function meaning(s: Snapshot, value: number | null): string {
  if (value === null) return 'not measured yet';
  const wait = s.traffic.predicted_wait_seconds ?? 0;
  if (value < 0.25) return 'much room: who comes now is served at once';
  if (wait < 0.001) return value < 0.5 ? 'room: who comes now is served at once' : 'every request slot is busy, and nobody waits yet';
  return `who comes now waits about ${duration(wait)}`;
}

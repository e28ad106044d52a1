// Ages that tick four times a second between snapshots: only those in view, and only while the
// figures are live (an age that runs on after the connection is lost would be a guess).
import { age, duration } from '../format';
import type { Figure } from '../model';
import { setFigure } from './dom';
import { InView } from './in-view';

const tickMs = 250;
const born = new WeakMap<Element, number>(); // performance.now() at age 0
const inView = new InView();
let timer: ReturnType<typeof setInterval> | undefined;

// `seconds` is the age now. What is younger than a second has most likely ended before the next
// snapshot: its age stands still.
export function drawAge(element: Element, seconds: Figure): void {
  if (seconds == null || seconds < 1) {
    if (born.delete(element)) inView.forget(element);
    setFigure(element, duration(seconds));
    return;
  }
  if (!born.has(element)) inView.watch(element);
  born.set(element, performance.now() - seconds * 1000);
  setFigure(element, age(seconds));
}

export function runAges(run: boolean): void {
  if (run && !timer) timer = setInterval(tick, tickMs);
  if (!run && timer) {
    clearInterval(timer);
    timer = undefined;
  }
}

function tick(): void {
  const now = performance.now();
  for (const element of inView.elements) {
    const since = born.get(element);
    if (since !== undefined) setFigure(element, age((now - since) / 1000));
  }
}

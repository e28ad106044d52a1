// One box beside the element under the pointer or with the focus, for what has no room in a row.
// Escape, scrolling and leaving close it.
import { h } from './dom';

const box = h('div', { class: 'tip', 'aria-hidden': 'true' }); // the element's own label says the same
let shown: { element: HTMLElement; draw(place: HTMLElement): void } | undefined;

export function tip(element: HTMLElement, draw: (place: HTMLElement) => void): void {
  const show = () => {
    shown = { element, draw };
    if (!box.isConnected) document.body.append(box);
    place();
  };
  element.addEventListener('pointerenter', show);
  element.addEventListener('focus', show);
  element.addEventListener('pointerleave', () => document.activeElement !== element && hide(element));
  element.addEventListener('blur', () => hide(element));
}

// What `element` shows has changed.
export function redrawTip(element: HTMLElement): void {
  if (shown?.element === element) place();
}

function place(): void {
  const { element, draw } = shown!;
  draw(box);
  box.hidden = false;
  const at = element.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
  const below = at.bottom + 6;
  const top = below + height > innerHeight ? Math.max(8, at.top - height - 6) : below;
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}

function hide(element?: HTMLElement): void {
  if (!shown || (element && shown.element !== element)) return;
  shown = undefined;
  box.hidden = true;
}

document.addEventListener('keydown', (event) => event.key === 'Escape' && hide());
document.addEventListener('scroll', () => hide(), { capture: true, passive: true });

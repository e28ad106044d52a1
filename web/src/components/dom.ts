// Making and changing elements. Text only ever goes in as text.
import { notMeasured } from '../format';
import type { Figure } from '../model';

type Child = Node | string;

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// The setters below touch the document only when something changes: they are called each second.

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | null): void {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

// A formatted figure; the title is its exact value or meaning.
export function setFigure(element: Element, text: string, title: string | null = null): void {
  setText(element, text);
  setAttribute(element, 'title', text === notMeasured ? 'not measured' : title);
}

// A cell with a figure: zeros stand back, so that the others stand out.
export function drawFigure(cell: Element, value: Figure, format: (value: Figure) => string, title: string | null = null): void {
  setFigure(cell, format(value), title);
  setAttribute(cell, 'data-zero', value === 0 || value === null ? '' : null);
}

// The element that index.html holds under this id.
export function part(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

// Icons are drawn in index.html, in <template id="icons">, and copied from there.

export function icon(name: string): Element {
  const template = document.querySelector<HTMLTemplateElement>('#icons');
  const drawn = template?.content.querySelector(`[data-icon="${name}"]`);
  const copy = drawn ? (drawn.cloneNode(true) as Element) : document.createElement('span');
  copy.classList.add('icon');
  copy.setAttribute('aria-hidden', 'true');
  return copy;
}

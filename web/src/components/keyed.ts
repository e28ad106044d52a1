// Makes the children of `parent` those of `items`, in order, keeping the element of each key: focus,
// selection and scroll stay where they are while figures change.

export function keyed<Item>(
  parent: Element,
  items: readonly Item[],
  key: (item: Item) => string,
  make: (item: Item) => Element,
  change: (element: Element, item: Item) => void,
): void {
  const before = known.get(parent) ?? new Map<string, Element>();
  const after = new Map<string, Element>();
  known.set(parent, after);
  const focused = parent.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;

  for (const item of items) {
    const name = unused(key(item), after);
    const element = before.get(name) ?? make(item);
    change(element, item);
    after.set(name, element);
  }
  for (const [name, element] of before) {
    if (!after.has(name)) element.remove();
  }
  let next = parent.firstElementChild;
  for (const element of after.values()) {
    if (element === next) {
      next = next.nextElementSibling;
    } else if (next && next.nextElementSibling === element) {
      parent.append(next); // one row went down: move it, not all those that it passed
      next = element.nextElementSibling;
    } else {
      parent.insertBefore(element, next);
    }
  }
  // Moving an element takes the focus from it.
  if (focused && focused !== document.activeElement && parent.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}

const known = new WeakMap<Element, Map<string, Element>>();

// Two items of one key are told apart by a number.
function unused(name: string, taken: Map<string, Element>): string {
  let candidate = name;
  for (let n = 2; taken.has(candidate); n++) candidate = `${name}#${n}`;
  return candidate;
}

import { beforeEach, describe, expect, it } from 'vitest';
import { keyed } from './keyed';

let parent: HTMLElement;
let made = 0;

function draw(...items: string[]): string {
  keyed(
    parent,
    items,
    (item) => item,
    () => {
      made++;
      return document.createElement('button');
    },
    (element, item) => (element.textContent = item),
  );
  return [...parent.children].map((child) => child.textContent).join('');
}

describe('keyed', () => {
  beforeEach(() => {
    parent = document.createElement('div');
    document.body.replaceChildren(parent);
    made = 0;
  });

  it('adds, moves and removes', () => {
    expect(draw('a', 'b', 'c')).toBe('abc');
    expect(draw('b', 'c', 'a')).toBe('bca');
    expect(draw('c', 'x', 'b')).toBe('cxb');
    expect(draw()).toBe('');
    expect(draw('b', 'a')).toBe('ba');
  });

  it('gives the right order from any order', () => {
    const letters = [...'abcdefgh'];
    for (let round = 0; round < 50; round++) {
      const some = letters.filter((_, i) => (round * 7 + i * 3) % 5 !== 0);
      const mixed = some.map((l, i) => ({ l, k: Math.sin(round * 31 + i * 17) })).sort((a, b) => a.k - b.k).map(({ l }) => l);
      expect(draw(...mixed)).toBe(mixed.join(''));
    }
  });

  it('keeps the elements of keys that stay', () => {
    draw('a', 'b', 'c');
    const b = parent.children[1];
    draw('c', 'b');
    expect(parent.children[1]).toBe(b);
    expect(made).toBe(3);
  });

  it('draws items of one key apart', () => expect(draw('a', 'a', 'b', 'a')).toBe('aaba'));

  it('keeps the focus on a row that moves', () => {
    draw('a', 'b', 'c');
    (parent.children[0] as HTMLElement).focus();
    draw('b', 'c', 'a');
    expect(document.activeElement?.textContent).toBe('a');
  });
});

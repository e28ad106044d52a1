import { describe, expect, it } from 'vitest';
import type { Connection } from '../connections';
import { Holds } from '../holds';
import { Timeline } from './timeline';

const held = (number: number, more: Partial<Connection> = {}): Connection => ({
  pid: 4711, slot: 0, pool: 'shop', number, state: 'active', leak: 'none', lane: 'request', age_seconds: 100, state_seconds: number, transaction_seconds: 1, statements: 3, route: 'GET /<b>item', thread: 10 + number, target: 'db', holder: 'session',
  stack: [{ function: 'items', file: '/srv/shop/shop.py', line: 133 }], ...more,
});

function shown(connections: Connection[]): { timeline: Timeline; rows: () => Element[]; look: (next: Connection[]) => void } {
  const timeline = new Timeline();
  const holds = new Holds();
  let now = 1000;
  const look = (next: Connection[]) => {
    holds.look(next, now);
    timeline.update(holds.all(), now, 'Nobody.');
    now += 2;
  };
  look(connections);
  return { timeline, look, rows: () => [...timeline.element.querySelectorAll('.lane')] };
}

describe('timeline', () => {
  it('has a line for each connection in use, longest first, with who holds it as text', () => {
    const { rows } = shown([held(3), held(9)]);
    expect(rows().map((row) => row.querySelector('.lane-where')!.textContent)).toEqual(['worker 0 · thread 19', 'worker 0 · thread 13']);
    expect(rows()[0]!.querySelector('.lane-route')!.textContent).toBe('GET /<b>item');
  });

  it('marks leaks by a word', () => {
    const { rows } = shown([held(1, { leak: 'confirmed' }), held(40, { leak: 'suspect' }), held(2)]);
    expect(rows().map((row) => row.querySelector('.pill-word')?.textContent)).toEqual(['held too long', undefined, 'leaked']);
    expect(rows()[2]!.querySelector('.held')!.getAttribute('data-leak')).toBe('confirmed');
  });

  it('opens a line to its stack, and keeps it open while figures change', () => {
    const { rows, look } = shown([held(3)]);
    const button = rows()[0]!.querySelector('button')!;
    expect(button.getAttribute('aria-expanded')).toBe('false');
    button.click();
    expect(button.getAttribute('aria-expanded')).toBe('true');
    look([held(3, { state_seconds: 5, statements: 8 })]);
    expect(rows()[0]!.querySelector('.lane-detail')!.textContent).toMatch(/an ORM session.*Statements8.*items …\/shop\/shop\.py:133/s);
    button.click();
    expect(rows()[0]!.querySelector('.lane-detail')).toBeNull();
  });

  it('keeps the line of what came back, as that', () => {
    const { rows, look } = shown([held(3)]);
    look([]);
    expect(rows()[0]!.querySelector('.lane-where')!.textContent).toMatch(/came back by \d\d:\d\d:\d\d$/);
    expect(rows()[0]!.hasAttribute('data-now')).toBe(false);
  });

  it('shows the longest only, and all when asked', () => {
    const { timeline, rows } = shown(Array.from({ length: 30 }, (_, i) => held(i + 1)));
    expect(rows()).toHaveLength(12);
    const more = timeline.element.querySelector<HTMLButtonElement>('.more')!;
    expect(more.textContent).toBe('18 more, held for shorter');
    more.click();
    expect(rows()).toHaveLength(30);
  });

  it('says so when nobody holds any', () => {
    const { timeline } = shown([]);
    expect(timeline.element.querySelector<HTMLElement>('.empty')!.textContent).toBe('Nobody.');
    expect(timeline.element.querySelector<HTMLElement>('.timeline')!.hidden).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { completePool } from './complete';
import type { Target } from './connections';
import type { Pool } from './model';
import { countersOf, fullest, marksOf, setupWords, shortPool, targetTrouble, turnedAway, useSentence, usesOf } from './pools';

const pool = (more: Partial<Pool>) => completePool({ name: 'mysql://db.example.org/shop', workers: 2, size: 5, max_overflow: 10, capacity: 30, timeout_seconds: 30, lifetime_seconds: 1800, ...more } as Pool);
const target: Target = { name: 'db.example.org:3306', readonly: false, connections: 3, breakers_open: 0, connects: 12, failures: 0, connect_mean_seconds: 0.003, unavailable_seconds: 0, last_error: '' };

describe('use of a pool', () => {
  it('divides the bar into what is open, what may be opened, and who waits behind it', () => {
    const uses = usesOf(pool({ active: 20, connecting: 2, idle: 3, waiting: { request: 8, task: 2 } }));
    expect(uses.map(({ name, value }) => [name, value])).toEqual([['active', 20], ['connecting', 2], ['idle', 3], ['free', 5], ['waiting', 10]]);
    expect(uses.reduce((sum, use) => sum + use.share, 0)).toBeCloseTo(1);
    expect(uses[0]!.share).toBeCloseTo(0.5);
  });

  it('has no free part where there is no limit, and no share of nothing', () => {
    const uses = usesOf(pool({ capacity: null, active: 1, idle: 1 }));
    expect(uses.find((use) => use.name === 'free')).toEqual({ name: 'free', value: null, share: 0 });
    expect(uses[0]!.share).toBe(0.5);
    expect(usesOf(pool({ capacity: null })).map((use) => use.share)).toEqual([0, 0, 0, 0, 0]);
  });

  it('never shows less than nothing free: a limit may have been lowered while connections were open', () => {
    expect(usesOf(pool({ capacity: 5, active: 9 })).find((use) => use.name === 'free')!.value).toBe(0);
  });

  it('is said in one sentence for screen readers', () => {
    expect(useSentence(pool({ active: 2, idle: 1, waiting: { request: 1, task: 0 } }))).toBe('mysql://db.example.org/shop: 2 in use, 0 connecting, 1 idle, 27 free, 1 waiting');
  });
});

describe('words of a pool', () => {
  const plain = (text: string) => text.replace(/\u00a0/g, ' ');

  it('says what it may do', () => {
    expect(plain(setupWords(pool({})))).toBe('Size 5 + 10 overflow, in each of 2 workers: 30 in all · time-out 30 s · lifetime 30 min');
    expect(plain(setupWords(pool({ workers: 1, max_overflow: 0, capacity: 5, timeout_seconds: 0.5, lifetime_seconds: 0 })))).toBe('Size 5, no overflow · time-out 500 ms · no lifetime');
    expect(plain(setupWords(pool({ max_overflow: null, capacity: null, timeout_seconds: null, lifetime_seconds: null, fair: false })))).toBe('Size 5, overflow unlimited, in each of 2 workers');
    expect(plain(setupWords(pool({ size: 0, timeout_seconds: null, lifetime_seconds: null })))).toBe('Size unlimited · no lifetime');
  });

  it('tells of counters that are not zero, what asks for attention first', () => {
    const counted = countersOf({ checkouts: 1200, created: 0, timeouts: 1, wait_seconds: 2.5, sung: 3 });
    expect(counted.map(({ figure, text, bad }) => [plain(figure), text, bad])).toEqual([
      ['1', 'gave up: waited until its deadline', true],
      ['1,200', 'checkouts by requests', false],
      ['2.5 s', 'waited in all', false],
      ['3', 'sung', false],
    ]);
    expect(turnedAway({ timeouts: 1, refused_full: 2, refused_throttled: 3, refused_unavailable: 4, checkouts: 5 })).toBe(10);
  });

  it('marks what troubles it', () => {
    const words = (of: Parameters<typeof marksOf>[0]) => marksOf(of, 0.9).map((mark) => mark.word);
    expect(words(pool({ utilisation: 0.5 }))).toEqual([]);
    expect(words(pool({ utilisation: 0.95 }))).toEqual(['nearly full']);
    expect(words(pool({ utilisation: 1, throttled: 1, waiting: { request: 1, task: 0 } }))).toEqual(['throttled in 1 of 2 workers', '1 waits']);
    expect(words({ ...pool({ fair: false }), targets: [target, { ...target, name: 'standby', breakers_open: 1 }] })).toEqual(['standby unavailable', 'not Stirbar’s pool']);
    expect(marksOf(pool({ utilisation: 1 }), null)).toEqual([]);
  });

  it('finds the pool nearest to its limit: one that is waited for goes before one that is fuller', () => {
    const waited = pool({ name: 'waited', utilisation: 0.3, waiting: { request: 0, task: 1 } });
    expect(fullest([pool({ name: 'full', utilisation: 1 }), waited, pool({ utilisation: null })])!.name).toBe('waited');
    expect(fullest([])).toBeUndefined();
  });

  it('shortens a name to server and database', () => {
    expect(shortPool('mysql://db.example.org:3306/shop')).toBe('db.example.org:3306/shop');
    expect(shortPool('sqlite:////srv/shop.db')).toBe('srv/shop.db');
    expect(shortPool('shop')).toBe('shop');
  });
});

describe('trouble of a target', () => {
  const from = Date.parse('2026-01-02T03:04:00');
  const said = (more: Partial<Target>, workers = 2) => targetTrouble({ ...target, ...more }, workers, from)?.replace(/\u00a0/g, ' ') ?? null;

  it('is none while it can be reached', () => {
    expect(said({ failures: 9 })).toBeNull();
    expect(said({ unavailable_seconds: null })).toBeNull();
  });

  it('says since when, and in how many workers', () => {
    expect(said({ unavailable_seconds: 5 })).toBe('unavailable since 03:04:00 (for 5 s)');
    expect(said({ breakers_open: 1, unavailable_seconds: 65 })).toBe('refused at once in 1 of 2 workers since 03:04:00 (for 1 min 05 s); tried again from time to time');
    expect(said({ breakers_open: 2 })).toBe('refused at once in all workers; tried again from time to time');
    expect(said({ breakers_open: 1 }, 1)).toBe('refused at once; tried again from time to time');
  });
});

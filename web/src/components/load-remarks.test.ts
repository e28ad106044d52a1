import { describe, expect, it } from 'vitest';
import { complete } from '../complete';
import type { InFlight, Snapshot, Traffic } from '../model';
import { remarks } from './load-remarks';

const plain = (text: string) => text.replace(/\u00a0/g, ' ');
const calm = complete({} as Snapshot);
const stuck = (route: string, age: number) => ({ route, age_seconds: age, slot: 1, stuck: 'recorded' }) as InFlight;

describe('remarks', () => {
  it('none while nobody is refused and nothing is stuck', () => expect(remarks(calm)).toEqual([]));

  it('says who is refused, by whom and why', () => {
    const traffic: Traffic = { ...calm.traffic, shed_level: 2, shed_by: 'operator', level_age_seconds: 12.4, shed_reason: 'set to 2.' };
    const [one] = remarks({ ...calm, traffic });
    expect(plain(one!.text)).toBe('Shedding for 12 s, set by hand: background and sheddable requests are refused. set to 2.');
    expect(one!.page).toBe('/load');
  });

  it('names the oldest that is stuck', () => {
    const [one] = remarks({ ...calm, in_flight: [stuck('GET /a', 40), stuck('GET /b', 70.8)] });
    expect(plain(one!.text)).toBe('2 requests are stuck: the oldest is GET /b in worker 1, for 1 min 10 s.');
  });
});

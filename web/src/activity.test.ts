import { describe, expect, it } from 'vitest';
import { deadline, doing, stuckMark } from './activity';

const plain = (text: string) => text.replace(/\u00a0/g, ' ');
const request = { phase: 'handling', phase_age_seconds: 5, activity: 'application', activity_seconds: null };

describe('activity', () => {
  it('says what a request waits for, and since when', () => {
    expect(doing({ ...request, activity: 'sql', activity_seconds: 3.1 })).toEqual({ word: 'in SQL', seconds: 3.1 });
    expect(doing({ ...request, activity: 'checkout', activity_seconds: 1 }).word).toBe('waits for a connection');
  });
  it('else its phase', () => expect(doing(request)).toEqual({ word: 'handling', seconds: 5 }));
  it('knows deadlines that are over', () => {
    expect(plain(deadline(4).word)).toBe('in 4 s');
    expect(plain(deadline(-2.5).word)).toBe('over by 2.5 s');
    expect(deadline(-2.5).tone).toBe('warning');
    expect(deadline(null).word).toBe('–');
  });
  it('marks what is stuck', () => {
    expect(stuckMark('')).toBeNull();
    expect(stuckMark('recorded')!.word).toBe('stuck');
    expect(stuckMark('interrupted')!.word).toBe('interrupted');
  });
});

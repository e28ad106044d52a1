// What opens below a hold: who took the connection, for what, and the stack at its checkout.
import { holderWord, leakWord, takenBy } from '../connections';
import { clock, duration, integer } from '../format';
import type { Hold } from '../holds';
import { h, setText } from './dom';
import { drawFacts, newFacts, type Fact } from './facts';
import { drawFrames } from './frames';

export function drawHold(place: HTMLElement, hold: Hold, now: number): void {
  if (!place.childElementCount) place.append(...make());
  const [figures, stack] = place.children as unknown as HTMLElement[];
  const { of } = hold;
  drawFacts(figures!.lastElementChild as HTMLElement, factsOf(hold, now));
  setText(stack!.children[1]!, of.stack.length ? 'Innermost frame first; SQLAlchemy’s own are left out' : 'No stack was kept of it.');
  drawFrames(stack!.lastElementChild as HTMLElement, of.stack);
}

function factsOf({ of, now: held, start, end }: Hold, now: number): Fact[] {
  const leak = leakWord(of.leak);
  const open = of.transaction_seconds;
  const facts: (Fact | null)[] = [
    { term: held ? 'Held since' : 'Was held', figure: held ? `${clock(start * 1000)}, for ${duration(Math.floor(now - start))}` : `${clock(start * 1000)} to ${clock(end * 1000)} at least` },
    { term: 'Taken by', figure: takenBy(of.route, of.lane) },
    { term: 'As', figure: holderWord(of.holder), hint: 'What the app used to take it' },
    leak ? { term: 'Leak', figure: `${leak.word}: ${leak.meaning.toLowerCase()}`, tone: leak.tone } : null,
    { term: 'Statements', figure: integer(of.statements), hint: 'Executed since it was taken' },
    { term: 'Transaction', figure: open === null || open === undefined ? 'none open' : held ? `open since ${clock((now - open) * 1000)}, for ${duration(open)}` : 'was open' },
    { term: 'Worker', figure: `${of.slot} (pid ${of.pid})${of.thread === null ? '' : `, thread ${of.thread}`}` },
    { term: 'Connection', figure: `${integer(of.number)} of this worker${of.age_seconds === null || of.age_seconds === undefined ? '' : `, opened ${duration(of.age_seconds)} ago`}` },
    { term: 'Pool', figure: of.pool },
    of.target ? { term: 'Server', figure: of.target } : null,
  ];
  return facts.filter((fact): fact is Fact => fact !== null);
}

function make(): HTMLElement[] {
  return [
    h('section', { class: 'detail-part text' }, h('h4', {}, 'Who holds it'), newFacts('Who holds it')),
    h('section', { class: 'detail-part grows' }, h('h4', {}, 'Stack at its checkout'), h('p', { class: 'hint' }), h('div')),
  ];
}

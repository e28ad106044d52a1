// Recommendations: ranked, each with the figures that say so, what is expected of it, and the exact
// command.
import { evidencePage, trendLines } from '../advice';
import { fetchRecommendations, Refused } from '../api';
import { h, setAttribute, setText } from '../components/dom';
import { keyed } from '../components/keyed';
import { panel } from '../components/panel';
import { drawPill } from '../components/pill';
import { words } from '../format';
import type { Recommendation, Snapshot, Trend } from '../model';
import type { Page } from '../page';
import { Repeat } from '../repeat';
import { pageAddress } from '../site';
import { toneOf } from '../status';

const everyMs = 2000;
const copiedMs = 2000;

export const page: Page = {
  path: '/recommendations',
  title: 'Recommendations',
  group: 'Now',
  icon: 'recommendations',
  render(place) {
    const list = h('ol', { class: 'advice-list', 'aria-label': 'Recommendations, worst first' });
    const none = h('p', { class: 'empty' }, 'Nothing to recommend: no figure asks for a change.');
    const said = h('span');
    const trends = h('dl', { class: 'trend-list', 'aria-label': 'Trends' });
    place.append(
      panel('What to do', [list, none], [said], 'by severity, then by how much of the trouble it takes away'),
      panel('Trends', [trends], [], 'over the last 15 minutes; only what stands out of the noise'),
    );
    const draw = (rows: readonly Recommendation[], moves: Record<string, Trend>) => {
      none.hidden = rows.length > 0;
      keyed(list, rows, (r) => `${r.component}/${r.text}`, newAdvice, drawAdvice);
      keyed(trends, trendLines(moves), (t) => t.name, newTrend, (item, line) => {
        setText(item.firstElementChild!, line.name);
        const [now, slope, remark] = item.querySelectorAll('dd > span') as unknown as [Element, Element, Element];
        setText(now, line.now);
        setText(slope, line.slope);
        setText(remark, line.remark);
      });
    };
    // The supervisor knows more than the snapshot: the advice about pools and databases. Inside a
    // Flask app there is the snapshot only.
    let whole = false;
    let latest: Snapshot | undefined;
    const repeat = new Repeat(async () => {
      try {
        const { recommendations, trends: moves } = await fetchRecommendations();
        whole = true;
        setText(said, '');
        draw(recommendations, moves);
      } catch (error) {
        whole = false;
        if (error instanceof Refused && error.url) repeat.stop(); // it will not change its mind
        setText(said, 'without the advice about pools and databases, which only the supervisor’s own pages have');
        if (latest) draw(latest.health.recommendations, latest.trends);
      }
    }, everyMs);
    repeat.start();
    return {
      update(snapshot) {
        latest = snapshot;
        if (!whole) draw(snapshot.health.recommendations, snapshot.trends);
      },
      close: () => repeat.stop(),
    };
  },
};

function newTrend(): HTMLElement {
  return h('div', { class: 'trend' }, h('dt'), h('dd', {}, h('span', { class: 'trend-now' }), h('span', { class: 'trend-slope' }), h('span', { class: 'trend-remark' })));
}

function newAdvice(): HTMLElement {
  const line = (name: string) => h('div', { class: 'advice-line', 'data-line': name }, h('dt', {}, name), h('dd'));
  const command = h('div', { class: 'advice-line advice-command', 'data-line': 'command' }, h('dt', {}, 'Command'), h('dd', {}, h('code'), copyButton()));
  return h(
    'li',
    { class: 'advice' },
    h('div', { class: 'advice-head' }, h('span'), h('span', { class: 'advice-component' })),
    h('p', { class: 'advice-text' }),
    h('dl', {}, line('Seen'), line('Effect'), command),
  );
}

function copyButton(): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'button copy' }, 'Copy');
  button.addEventListener('click', () => void copy(button));
  return button;
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const code = button.previousElementSibling!;
  try {
    await navigator.clipboard.writeText(code.textContent ?? '');
    setText(button, 'Copied');
  } catch {
    // No clipboard without https: the text is selected instead, for the keyboard.
    getSelection()?.selectAllChildren(code);
    setText(button, 'Selected');
  }
  setTimeout(() => setText(button, 'Copy'), copiedMs);
}

function drawAdvice(item: Element, advice: Recommendation): void {
  const [head, text, list] = item.children as unknown as [Element, Element, Element];
  drawPill(head.firstElementChild!, toneOf(advice.severity), advice.severity);
  setText(head.lastElementChild!, words(advice.component));
  setText(text, advice.text);
  const [seen, effect, command] = list.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
  drawSeen(seen, advice);
  effect.hidden = advice.effect === '';
  setText(effect.lastElementChild!, advice.effect);
  command.hidden = advice.command === '';
  setText(command.querySelector('code')!, advice.command);
}

function drawSeen(line: HTMLElement, advice: Recommendation): void {
  const place = line.lastElementChild!;
  if (!place.firstElementChild) place.append(h('span'), ' ', h('a'));
  setText(place.firstElementChild!, advice.evidence);
  const link = place.lastElementChild as HTMLElement;
  const page = evidencePage(advice);
  link.hidden = page === null;
  if (page) {
    setAttribute(link, 'href', pageAddress(page.path));
    setText(link, page.name);
  }
}

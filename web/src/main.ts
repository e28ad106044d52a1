// Routes between the pages and hands each snapshot to the one that is shown.
import 'uplot/dist/uPlot.min.css';
import './style/tokens.css';
import './style/shell.css';
import './style/parts.css';
import './style/tiles.css';
import './style/charts.css';
import './style/table.css';
import './style/breakdown.css';
import './style/heat-map.css';
import './style/stacks.css';
import './style/load.css';
import './style/connections.css';
import './style/settings.css';
import './style/history.css';
import './style/alerts.css';
import './style/actions.css';
import './style/health.css';
import { fetchHistory } from './api';
import { runAges } from './components/ages';
import { part } from './components/dom';
import { Head } from './components/head';
import { Nav } from './components/nav';
import { Notice } from './components/notice';
import { Spoken } from './components/spoken';
import { Feed } from './feed';
import { HistoryBuffer } from './history';
import type { Snapshot } from './model';
import type { Page, View } from './page';
import { pages } from './pages';
import { base, currentPath } from './site';

const points = 900; // 15 minutes

const history = new HistoryBuffer(points);
const head = new Head();
const nav = new Nav(part('nav'), pages);
const notice = new Notice(part('notice'));
const spoken = new Spoken(part('spoken'));
let snapshot: Snapshot | undefined;
let shown: Page | undefined;
let view: View | undefined;

const feed = new Feed(
  (next, returned) => {
    snapshot = next;
    spoken.snapshot(next);
    draw();
    void follow(returned);
  },
  (connection) => {
    runAges(connection.state !== 'lost');
    spoken.connection(connection);
    drawFrame();
  },
);

function drawFrame(): void {
  head.update(feed.connection, snapshot);
  notice.update(feed.connection, snapshot);
}

function draw(): void {
  drawFrame();
  if (!snapshot || !shown) return;
  if (!view) {
    const place = part('page');
    place.replaceChildren();
    view = shown.render(place, history);
  }
  view.update(snapshot);
}

function show(): void {
  const path = currentPath(pages.map((page) => page.path));
  const next = pages.find((page) => page.path === path) ?? pages[0]!;
  if (next === shown) return;
  view?.close?.();
  view = undefined;
  shown = next;
  head.page(next.title);
  nav.mark(next.path);
  draw();
  void follow();
}

// Fetches the points that the charts lack. They show each second, a snapshot tells of the last minute.
let following = false;
async function follow(anew = false): Promise<void> {
  if (!snapshot || !shown?.charts || following) return;
  const missing = history.missing(Date.parse(snapshot.time) / 1000);
  if (missing === 0 && !anew) return;
  following = true;
  try {
    if (anew) history.load(await fetchHistory(points));
    else history.add(await fetchHistory(Math.min(points, missing + 2)));
    view?.points?.();
  } catch {
    // with the next snapshot
  } finally {
    following = false;
  }
}

// Links within the base change the page; all others do what links do.
document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest('a');
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.id === 'skip') {
    event.preventDefault(); // with <base>, "#main" would be another page
    part('main').focus();
  } else if (link.origin === base.origin && pages.some((page) => new URL(`.${page.path}`, base).pathname === link.pathname)) {
    event.preventDefault();
    if (link.href !== location.href) window.history.pushState(null, '', link.href);
    show();
    scrollTo(0, 0);
    part('title').focus({ preventScroll: true });
  }
});
addEventListener('popstate', show);

// Nobody looks: no stream, no polling, no drawing. It all comes back with the reader.
function lookedAt(): void {
  runAges(!document.hidden);
  if (document.hidden) {
    feed.stop();
  } else {
    feed.start();
  }
}
document.addEventListener('visibilitychange', lookedAt);
setInterval(() => feed.connection.state === 'lost' && !document.hidden && drawFrame(), 1000);

show();
lookedAt();

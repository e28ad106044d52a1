// Where this page stands. <base href> is the one place that says it: "/" under the supervisor,
// "/admin/responsiveness/" or the like under a Flask app.

function meta(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? '';
}

export const live: 'stream' | 'poll' = meta('stirbar-live') === 'poll' ? 'poll' : 'stream';
export const base = new URL('.', document.baseURI);

const otherwise = meta('stirbar-page') || '/';

// The address of something below the base: address('api/v1/snapshot').
export function address(relative: string): string {
  return new URL(relative, base).href;
}

// The address of the page "/routes".
export function pageAddress(path: string): string {
  return address(`.${path}`);
}

// Where one logs in, to be back on the page `path` ("/alerts") afterwards.
export function loginAddress(path: string): string {
  return address(path === '/' ? 'login' : `login?next=${path}`);
}

// Which of `pages` the browser's address names ("/routes"). An address that names none, such as
// /admin/health, stands for the page that the server asked for.
export function currentPath(pages: readonly string[]): string {
  const path = location.pathname;
  if (path === base.pathname) return '/';
  const named = path.startsWith(base.pathname) ? `/${path.slice(base.pathname.length)}`.replace(/\/$/, '') : '';
  return pages.includes(named) ? named : otherwise;
}

// The same page where the supervisor itself serves it. Null: `url` is none that a link may have.
export function ownPage(url: string, path: string): string | null {
  try {
    const there = new URL(url);
    if (!['http:', 'https:'].includes(there.protocol)) return null;
    return there.pathname.endsWith('/') ? new URL(`.${path}`, there).href : there.href;
  } catch {
    return null;
  }
}

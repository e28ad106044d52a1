// Light, dark, or as the system says. The choice is kept in this browser.

export const choices = ['system', 'light', 'dark'] as const;
export type Choice = (typeof choices)[number];

const key = 'stirbar-theme';
const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

export function choice(): Choice {
  try {
    const kept = localStorage.getItem(key);
    return choices.find((c) => c === kept) ?? 'system';
  } catch {
    return 'system'; // storage is switched off
  }
}

export function choose(next: Choice): void {
  try {
    localStorage.setItem(key, next);
  } catch {
    // holds until the page is closed
  }
  apply(next);
}

export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function apply(next: Choice = choice()): void {
  const dark = next === 'dark' || (next === 'system' && system.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  for (const listener of listeners) listener();
}

system.addEventListener('change', () => apply());

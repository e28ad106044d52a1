// What a page is: one file in pages/, one address.
import type { HistoryBuffer } from './history';
import type { Snapshot } from './model';

export interface Page {
  path: string; // its URL below the base
  title: string;
  group: string;
  icon: string; // in index.html
  charts?: true; // draws the history, which is kept current for it
  // Draws into `place`, which is empty.
  render(place: HTMLElement, history: HistoryBuffer): View;
}

// A page that is shown.
export interface View {
  update(snapshot: Snapshot): void; // at each snapshot
  points?(): void; // the history has changed: only charts need to be drawn
  close?(): void; // gives back what the page took
}

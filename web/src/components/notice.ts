// What makes all figures below doubtful: no connection, or the app has ended. One line above the page.
import type { Connection } from '../feed';
import { clock, duration } from '../format';
import type { Snapshot } from '../model';
import type { Tone } from '../status';
import { h, setText } from './dom';
import { icon } from './icon';

export class Notice {
  private readonly text = h('span', { class: 'notice-text' });
  private readonly sign = h('span', { class: 'notice-sign' });
  private readonly element = h('div', { class: 'notice' }, this.sign, this.text);
  private tone: Tone | null = null;

  constructor(place: Element) {
    this.element.hidden = true;
    place.append(this.element);
  }

  update(connection: Connection, snapshot: Snapshot | undefined): void {
    if (connection.state === 'lost') this.show('critical', lost(connection, snapshot));
    else if (snapshot && !snapshot.app.server_alive) this.show('warning', ended(snapshot));
    else this.element.hidden = true;
  }

  private show(tone: Tone, text: string): void {
    this.element.hidden = false;
    setText(this.text, text);
    if (tone === this.tone) return;
    this.tone = tone;
    this.element.dataset.tone = tone;
    this.sign.replaceChildren(icon(tone));
  }
}

function lost(connection: Connection, snapshot: Snapshot | undefined): string {
  const silent = duration(Math.floor((performance.now() - connection.since) / 1000));
  const why = connection.detail ? ` (${connection.detail})` : '';
  const rest = snapshot ? `the figures below are from ${clock(snapshot.time)}.` : 'there are no figures yet.';
  return `No connection to the supervisor for ${silent}${why}; ${rest} Trying again.`;
}

function ended(snapshot: Snapshot): string {
  const { name, server, server_pid: pid } = snapshot.app;
  const who = [server, pid ? `(pid ${pid})` : ''].filter(Boolean).join(' ');
  return `${name || 'The app'} has ended: its server ${who} runs no more. The figures below are its last.`;
}

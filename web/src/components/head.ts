// What every page shows around its own part: status, time of the figures, the app's name, the title.
import type { Connection } from '../feed';
import { clock, uptime } from '../format';
import type { Snapshot } from '../model';
import { toneOf } from '../status';
import { h, part, setAttribute, setText } from './dom';
import { drawPill } from './pill';
import { themeButton } from './theme-button';
import { who } from './who';

export class Head {
  private readonly status = h('span', { class: 'head-status' });
  private readonly link = h('span', { class: 'link' });
  private readonly server = h('p', { class: 'foot-line' });
  private readonly uptime = h('p', { class: 'foot-line' });
  private readonly version = h('p', { class: 'foot-line' });
  private title = '';

  constructor() {
    part('state').append(who(), this.link, this.status);
    part('foot').append(this.server, this.uptime, this.version, themeButton());
  }

  page(title: string): void {
    this.title = title;
    setText(part('title'), title);
  }

  update(connection: Connection, snapshot: Snapshot | undefined): void {
    const { state } = connection;
    document.body.dataset.connection = state;
    const words = { connecting: 'connecting…', live: 'live', lost: 'not live' }[state];
    const time = snapshot ? clock(snapshot.time) : '';
    setText(this.link, [words, time].filter(Boolean).join(' · '));
    setAttribute(this.link, 'title', time ? 'Time of the figures on this page' : null);
    if (!snapshot) return;
    if (state === 'lost') drawPill(this.status, 'unknown', `was ${snapshot.status}`);
    else if (!snapshot.app.server_alive) drawPill(this.status, 'unknown', 'ended');
    else drawPill(this.status, toneOf(snapshot.status), snapshot.status);
    setText(part('app-name'), snapshot.app.name);
    setAttribute(part('app-name'), 'title', snapshot.app.command || null);
    const up = (Date.parse(snapshot.time) - Date.parse(snapshot.app.started)) / 1000;
    setText(this.server, snapshot.app.server);
    setText(this.uptime, `watched for ${uptime(up)}`);
    setText(this.version, `Stirbar ${snapshot.version}`);
    const sign = state === 'lost' ? '? ' : snapshot.status === 'healthy' ? '' : `${snapshot.status === 'critical' ? '✕' : '▲'} `;
    const title = `${sign}${this.title} · ${snapshot.app.name} · Stirbar`;
    if (document.title !== title) document.title = title;
  }
}

import { Refused } from '../api';
import { fetchAlerts, toldWords, type AlertRow, type Alerts } from '../alerts';
import { AlertList } from '../components/alert-list';
import { h, setAttribute, setText } from '../components/dom';
import { panel } from '../components/panel';
import { drawPill } from '../components/pill';
import { Silences } from '../components/silences';
import { SinkTable } from '../components/sink-table';
import { Table } from '../components/table';
import { Trouble } from '../components/trouble';
import { duration, integer, moment, words } from '../format';
import { Repeat } from '../repeat';
import { fetchSession, type Session } from '../session';
import { loginAddress } from '../site';
import { toneOf } from '../status';
import type { Page, View } from '../page';

const everyMs = 2000;

export const page: Page = {
  path: '/alerts',
  title: 'Alerts',
  group: 'Records',
  icon: 'alerts',
  render: (place) => new AlertsView(place),
};

// Why this reader may change nothing; empty: they may.
function reasonOf(session: Session | undefined): string {
  if (session?.role === 'operator') return '';
  if (session === undefined) return 'Only on the supervisor’s own page.';
  return session.can_log_in ? 'Log in with the operator’s token to change this.' : 'The supervisor has no token, so nothing can be changed: see its log.';
}

class AlertsView implements View {
  private readonly said = h('p', { class: 'said', role: 'status' });
  private readonly trouble = new Trouble('The alerts cannot be shown', '/alerts');
  private readonly counts = h('span');
  private readonly waiting = h('span');
  private readonly outbox = h('p', { class: 'panel-foot' });
  private readonly login = h('a', { href: loginAddress('/alerts') }, 'Log in');
  private readonly silences = new Silences((text, failed) => this.say(text, failed));
  private readonly list = new AlertList(
    (text, failed) => this.say(text, failed),
    (matcher) => this.silences.fill(matcher),
  );
  private readonly sinks = new SinkTable((text, failed) => this.say(text, failed));
  private readonly over = overTable();
  private readonly repeat = new Repeat(() => this.read(), everyMs);
  private alerts: Alerts | undefined;
  private session: Session | undefined;

  constructor(place: HTMLElement) {
    this.said.hidden = true;
    this.login.hidden = true;
    place.append(
      this.trouble.element,
      this.said,
      panel('Firing', [this.list.element], [this.login, this.counts]),
      panel('Silences', [this.silences.element], [], 'what is told to nobody for a while'),
      panel('Sinks', [this.sinks.element, this.outbox], [this.waiting], 'where alerts go'),
      panel('Over', [this.over.element], [], 'of the last day, newest first'),
    );
    this.draw();
    this.repeat.start();
  }

  update(): void {
    // Alerts come by themselves, with their silences and sinks.
  }

  close(): void {
    this.repeat.stop();
  }

  private say(text: string, failed: boolean): void {
    this.said.hidden = false;
    setText(this.said, text);
    setAttribute(this.said, 'data-failed', failed ? '' : null);
    void this.read();
  }

  private async read(): Promise<void> {
    try {
      this.alerts = await fetchAlerts();
      this.trouble.update(undefined);
      this.session = await fetchSession().catch(() => undefined);
    } catch (error) {
      this.trouble.update(error as Error);
      if (error instanceof Refused && error.url) this.repeat.stop(); // only the supervisor's own page can tell
    }
    this.draw();
  }

  private draw(): void {
    const { alerts } = this;
    const reason = reasonOf(this.session);
    this.login.hidden = reason === '' || !this.session?.can_log_in;
    const now = alerts ? Date.parse(alerts.time) : Date.now();
    const reading = 'Reading…';
    this.list.update(alerts ? [...alerts.firing, ...alerts.pending] : [], now, reason, alerts ? 'No alert fires.' : reading);
    this.silences.update(alerts?.silences ?? [], reason);
    this.sinks.update(alerts?.alerting.sinks ?? [], reason);
    this.over.update(alerts?.resolved ?? [], alerts ? 'No alert was over within the last day.' : reading);
    if (!alerts) return;
    setText(this.counts, `${integer(alerts.firing.length)} firing, ${integer(alerts.pending.length)} pending`);
    const { messages, trouble } = alerts.alerting.outbox;
    setText(this.waiting, messages ? `${integer(messages)} ${messages === 1 ? 'message waits' : 'messages wait'}` : '');
    const wait = duration(alerts.settings.group_wait_seconds);
    const again = duration(alerts.settings.repeat_interval_seconds);
    setText(this.outbox, trouble ? `What waits is in memory only: ${trouble}` : `What waits is kept on disk. Alerts of one component are told together, ${wait} after the first; what nobody acknowledges is told again after ${again}.`);
  }
}

function overTable(): Table<AlertRow> {
  return new Table<AlertRow>({
    label: 'Alerts that are over, newest first',
    columns: [
      { title: 'Over at', draw: (cell, a) => setText(cell, a.resolved ? moment(a.resolved) : '–') },
      { title: 'Severity', draw: (cell, a) => drawPill(cell, toneOf(a.severity), a.severity) },
      { title: 'Rule', draw: (cell, a) => setText(cell, words(a.rule)) },
      { title: 'Worker', numeric: true, draw: (cell, a) => setText(cell, a.slot === null ? '' : String(a.slot)) },
      { title: 'After', numeric: true, draw: (cell, a) => setText(cell, lasted(a)) },
      { title: 'Message', wide: true, draw: (cell, a) => setText(cell, a.message) },
      { title: 'Told', draw: (cell, a) => setText(cell, toldWords(a)) },
    ],
    key: (a) => `${a.id} ${a.resolved}`,
    empty: '',
  });
}

function lasted(row: AlertRow): string {
  if (!row.fired || !row.resolved) return '–';
  return duration(Math.round((Date.parse(row.resolved) - Date.parse(row.fired)) / 1000));
}

// What opens below a setting: change it, where its value comes from, who changed it last.
import { Refused } from '../api';
import { moment } from '../format';
import { changeSettings, choices, origins, refusal, shown, typed, type Outcome, type Setting } from '../settings';
import { h, setAttribute, setText } from './dom';
import { keyed } from './keyed';

export interface FormOptions {
  mayChange: () => boolean;
  onChanged: () => void; // something holds now that did not before
}

const forms = new WeakMap<HTMLElement, SettingForm>();

// Draws or renews the form in `place`, keeping what is being typed.
export function drawSettingForm(place: HTMLElement, setting: Setting, options: FormOptions): void {
  let form = forms.get(place);
  if (!form) {
    form = new SettingForm(setting, options);
    forms.set(place, form);
    place.replaceChildren(...form.parts);
  }
  form.update(setting);
}

class SettingForm {
  readonly parts: HTMLElement[];
  private readonly field: HTMLInputElement | HTMLSelectElement;
  private readonly save = h('button', { type: 'submit', class: 'button primary' }, 'Save');
  private readonly reset = h('button', { type: 'button', class: 'button' }, 'Reset');
  private readonly said = h('p', { class: 'setting-said', role: 'status' });
  private readonly takes = h('p', { class: 'finding-small' });
  private readonly form: HTMLFormElement;
  private readonly layers = h('ol', { class: 'layers' });
  private readonly layersPart: HTMLElement;
  private readonly ignored = h('p', { class: 'setting-ignored' });
  private readonly last = h('p');
  private readonly lastBy = h('p', { class: 'finding-small' });
  private readonly lastPart: HTMLElement;
  private touched = false; // the person has begun to choose another value
  private busy = false;

  constructor(
    private setting: Setting,
    private readonly options: FormOptions,
  ) {
    const { name, type } = setting;
    const id = `setting-${name}`;
    const words = choices(type);
    this.field = words.length
      ? h('select', { class: 'choose', id }, ...words.map((word) => h('option', { value: word }, word)))
      : h('input', { class: 'setting-field', id, type: 'text', inputmode: 'decimal', autocomplete: 'off', spellcheck: 'false' });
    setAttribute(this.field, 'aria-label', `New value of ${name}`);
    setAttribute(this.field, 'aria-describedby', `${id}-takes ${id}-said`);
    this.takes.id = `${id}-takes`;
    this.said.id = `${id}-said`;
    this.field.addEventListener('input', () => this.typing());
    this.reset.addEventListener('click', () => void this.send(() => changeSettings({ reset: [name] })));
    const unit = type === 'seconds' ? [h('span', { class: 'setting-unit' }, 'seconds')] : [];
    const label = h('label', { for: id }, 'New value');
    this.form = h('form', { class: 'setting-form', novalidate: '', 'aria-label': `Change ${name}` }, label, h('div', { class: 'setting-line' }, this.field, ...unit, this.save, this.reset));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    const change = h('div', { class: 'detail-part text' }, h('h3', {}, 'Change'), this.form, this.said, this.takes);
    this.layersPart = h('div', { class: 'detail-part' }, h('h3', {}, 'Where it comes from'), this.layers, this.ignored);
    this.lastPart = h('div', { class: 'detail-part text' }, h('h3', {}, 'Last change'), this.last, this.lastBy);
    this.parts = [change, this.layersPart, this.lastPart];
    this.field.value = typed(setting.value);
  }

  update(setting: Setting): void {
    this.setting = setting;
    const may = this.options.mayChange();
    this.form.hidden = !may;
    this.said.hidden = !may || this.said.textContent === '';
    this.field.disabled = this.save.disabled = this.busy;
    this.reset.disabled = this.busy || setting.layers?.runtime == null;
    const below = setting.layers && origins.slice(1).find((origin) => setting.layers![origin] !== null);
    setAttribute(this.reset, 'title', below && !this.reset.disabled ? `Back to ${shown(setting.layers![below], setting.type)} (${below})` : 'It was not changed at run time');
    if (!this.touched && !this.busy) this.field.value = typed(setting.value);
    const effect = setting.effect ? ` A change takes effect ${setting.effect}${setting.effect === 'at once' ? ', in all workers' : ''}.` : '';
    setText(this.takes, `It takes ${setting.allowed}.${effect}`);
    this.drawLayers();
    this.drawLast();
  }

  private typing(): void {
    this.touched = true;
    const text = this.field.value.trim();
    const why = text === '' ? '' : refusal(this.setting, text);
    this.say(why, why ? 'critical' : '');
  }

  private submit(): void {
    const { name } = this.setting;
    const text = this.field.value.trim();
    const why = refusal(this.setting, text);
    if (why) {
      this.say(why, 'critical');
      this.field.focus();
      return;
    }
    void this.send(() => changeSettings({ set: { [name]: text } }));
  }

  private async send(ask: () => Promise<Outcome>): Promise<void> {
    this.busy = true;
    this.update(this.setting);
    try {
      const outcome = await ask();
      this.touched = false;
      const stored = outcome.not_stored ? ` It holds only until the supervisor ends: ${outcome.not_stored}.` : '';
      this.say(outcome.changes.length ? `Changed.${stored}` : 'It is so already.', stored ? 'warning' : 'healthy');
    } catch (error) {
      const refused = error instanceof Refused ? error.said || error.message : '';
      this.say(refused || 'The supervisor does not answer; nothing was changed.', 'critical');
    } finally {
      this.busy = false;
      this.update(this.setting);
      this.options.onChanged();
    }
  }

  private say(text: string, tone: string): void {
    setText(this.said, text);
    this.said.hidden = text === '';
    setAttribute(this.said, 'data-tone', tone || null);
    setAttribute(this.field, 'aria-invalid', tone === 'critical' ? 'true' : null);
  }

  private drawLayers(): void {
    const { layers, origin, type, ignored } = this.setting;
    this.layersPart.hidden = layers === null;
    if (!layers) return;
    const said = origins.filter((one) => layers[one] !== null);
    keyed(this.layers, said, (one) => one, (one) => h('li', {}, h('span', { class: 'layer-name' }, one), h('span', { class: 'layer-value' }), h('span', { class: 'layer-note' })), (item, one) => {
      setText(item.children[1]!, shown(layers[one], type));
      setText(item.children[2]!, one === origin ? 'holds' : '');
      setAttribute(item, 'data-holds', one === origin ? '' : null);
    });
    this.ignored.hidden = ignored === null;
    setText(this.ignored, ignored ?? '');
  }

  private drawLast(): void {
    const { last_change: last, type } = this.setting;
    this.lastPart.hidden = this.setting.layers === null;
    setText(this.last, last ? `${shown(last.old, type)} (${last.old_origin}) → ${shown(last.new, type)} (${last.new_origin})` : 'Not changed at run time.');
    setText(this.lastBy, last ? `${last.time ? moment(last.time) : ''} by ${last.actor}` : '');
  }
}

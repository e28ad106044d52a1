// A field that filters a table by text, with a count of what is left.
import { h, setText } from './dom';

export class Filter {
  readonly element: HTMLElement;
  private readonly field: HTMLInputElement;
  private readonly said = h('span', { class: 'filter-said' });

  constructor(private readonly noun: string, onChange: () => void) {
    const label = `Filter ${noun}`;
    this.field = h('input', { type: 'search', class: 'filter', 'aria-label': label, placeholder: label, autocomplete: 'off', spellcheck: 'false' });
    this.field.addEventListener('input', onChange);
    this.element = h('div', { class: 'filter-place' }, this.said, this.field);
  }

  get text(): string {
    return this.field.value;
  }

  say(shown: number, all: number): void {
    setText(this.said, shown === all ? `${all} ${this.noun}` : `${shown} of ${all}`);
  }
}

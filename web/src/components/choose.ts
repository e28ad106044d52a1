// A list to choose one from. Its options change only when they differ: an open list stays open.
import { h, setText } from './dom';
import { keyed } from './keyed';

export interface Option {
  value: string;
  text: string;
}

export class Choose {
  readonly element = h('select', { class: 'choose' });

  constructor(label: string, onChange: () => void) {
    this.element.setAttribute('aria-label', label);
    this.element.addEventListener('change', onChange);
  }

  get value(): string {
    return this.element.value;
  }

  // Chooses `value`, when it is among the options.
  set value(value: string) {
    this.element.value = value;
  }

  update(options: readonly Option[]): void {
    const before = this.element.value;
    keyed(this.element, options, (o) => o.value, (o) => h('option', { value: o.value }), (element, o) => setText(element, o.text));
    if (this.element.value !== before && before !== '') {
      const kept = options.some((o) => o.value === before);
      this.element.value = kept ? before : (options[0]?.value ?? '');
      if (!kept) this.element.dispatchEvent(new Event('change'));
    }
  }
}

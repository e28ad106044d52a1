import { apply, choice, choices, choose } from '../theme';
import { h } from './dom';
import { icon } from './icon';

// Goes round: as the system says, light, dark.
export function themeButton(): HTMLElement {
  const word = h('span');
  const button = h('button', { type: 'button', class: 'quiet' }, icon('theme'), word);
  const show = () => (word.textContent = `Theme: ${choice()}`);
  button.addEventListener('click', () => {
    const next = choices[(choices.indexOf(choice()) + 1) % choices.length]!;
    choose(next);
    word.textContent = `Theme: ${next}`;
  });
  apply();
  show();
  return button;
}

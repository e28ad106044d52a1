// A button that asks the supervisor for a change, and says what came of it.
import { Refused } from '../api';
import { h, setAttribute, setText } from './dom';

// Says in words why a change was refused.
export function reasonOf(error: unknown): string {
  if (error instanceof Refused) return error.said || error.message;
  return 'the supervisor does not answer';
}

export function actionButton(label: string, act: () => Promise<void>, say: (text: string, failed: boolean) => void): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'action' }, label);
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.disabled = true;
    act()
      .catch((error: unknown) => say(`Not done: ${reasonOf(error)}.`, true))
      .finally(() => {
        button.disabled = false;
      });
  });
  return button;
}

// Who may not change anything still finds the button, and the reason on it.
export function allow(button: HTMLButtonElement, reason: string): void {
  setAttribute(button, 'aria-disabled', reason ? 'true' : null);
  setAttribute(button, 'title', reason || null);
}

export function relabel(button: HTMLButtonElement, label: string): void {
  setText(button, label);
}

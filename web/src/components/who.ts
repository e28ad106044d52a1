// Who is logged in, at the head of each page; where to log in and out.
import { fetchSession, logOut, watchSession, type Session } from '../session';
import { live, loginAddress } from '../site';
import { h, setText } from './dom';

// The supervisor may be gone, or ask for a login: the page itself says so.
const ask = () => void fetchSession().catch(() => undefined);

export function who(): HTMLElement {
  const role = h('span', { class: 'who-role' });
  const login = h('a', { class: 'who-login', href: loginAddress('/') }, 'Log in');
  const logout = h('button', { type: 'button', class: 'who-logout' }, 'Log out');
  const element = h('span', { class: 'who' }, role, login, logout);
  element.hidden = true;
  if (live === 'poll') return element; // inside the Flask app nobody logs in
  login.addEventListener('click', () => (login.href = loginAddress(location.pathname)));
  logout.addEventListener('click', () => void out(logout));
  watchSession((session) => {
    element.hidden = false;
    const loggedIn = session.csrf !== null;
    setText(role, words(session));
    role.title = session.role === 'operator' ? 'May change settings' : 'Sees everything, changes nothing';
    login.hidden = loggedIn || !session.can_log_in;
    logout.hidden = !loggedIn;
  });
  document.addEventListener('visibilitychange', () => document.hidden || ask());
  ask();
  return element;
}

function words(session: Session): string {
  if (session.role === 'operator') return 'Operator';
  return session.csrf === null ? 'Not logged in' : 'Reader';
}

async function out(button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  try {
    await logOut();
  } catch {
    ask();
  } finally {
    button.disabled = false;
  }
}

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fromSnapshot, type Setting } from '../settings';
import { drawSettingForm } from './setting-form';

const layers = { runtime: null, environment: 0.75, file: null, application: 0.7, default: 0.8 };
const plain = { name: 'memory_warning_threshold', value: 0.75, type: 'ratio', default: 0.8, lowest: 0.05, highest: 1, origin: 'environment', meaning: '<b>m' };
const setting = (more: Partial<Setting> = {}): Setting => ({ ...fromSnapshot(plain), effect: 'at once', layers, ...more });

const asked: { url: string; body: unknown; headers: Record<string, string> }[] = [];
let answer: { status: number; body: unknown };

function fake(url: string, options: RequestInit = {}): Promise<Response> {
  if (url.endsWith('/session')) return Promise.resolve(new Response('{"role":"operator","csrf":"secret","can_log_in":true}'));
  asked.push({ url, body: JSON.parse(options.body as string), headers: options.headers as Record<string, string> });
  return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status }));
}

describe('setting form', () => {
  let place: HTMLElement;
  let may = true;
  const onChanged = vi.fn();
  const draw = (one: Setting) => drawSettingForm(place, one, { mayChange: () => may, onChanged });
  const field = () => place.querySelector<HTMLInputElement>('input')!;
  const said = () => place.querySelector('.setting-said')!.textContent;
  const type = (text: string) => {
    field().value = text;
    field().dispatchEvent(new Event('input'));
  };
  const submit = () => place.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }));

  beforeEach(() => {
    vi.stubGlobal('fetch', fake);
    asked.length = 0;
    onChanged.mockClear();
    may = true;
    place = document.createElement('div');
    document.body.replaceChildren(place);
    draw(setting());
  });

  it('shows where the value comes from, and what overrides what', () => {
    const lines = [...place.querySelectorAll('.layers li')].map((line) => [...line.children].map((part) => part.textContent));
    expect(lines).toEqual([['environment', '0.75', 'holds'], ['application', '0.7', ''], ['default', '0.8', '']]);
    expect(place.textContent).toContain('A change takes effect at once, in all workers.');
  });

  it('refuses before it asks, and says why', () => {
    type('1.5');
    expect(said()).toBe("memory_warning_threshold: '1.5' is not allowed; it takes a ratio from 0.05 to 1");
    expect(field().getAttribute('aria-invalid')).toBe('true');
    submit();
    expect(asked).toEqual([]);
  });

  it('keeps what is typed while figures come, and sends it with the proof', async () => {
    type('0.6');
    draw(setting({ value: 0.7 }));
    expect(field().value).toBe('0.6');
    answer = { status: 200, body: { changes: [{ number: 1 }], not_stored: null } };
    submit();
    await vi.waitFor(() => expect(said()).toBe('Changed.'));
    expect(asked[0]!.body).toEqual({ set: { memory_warning_threshold: '0.6' } });
    expect(asked[0]!.headers['X-Stirbar-CSRF']).toBe('secret');
    expect(onChanged).toHaveBeenCalledOnce();
  });

  it('says what the supervisor refuses, and lets the person go on', async () => {
    const error = "memory_warning_threshold: '0.95' is not allowed; it takes at most memory_critical_threshold (0.9)";
    answer = { status: 400, body: { error, field: 'memory_warning_threshold' } };
    type('0.95');
    submit();
    await vi.waitFor(() => expect(said()).toBe(error));
    expect(field().value).toBe('0.95');
    expect(field().disabled).toBe(false);
  });

  it('resets only what was changed at run time', async () => {
    const reset = () => place.querySelector<HTMLButtonElement>('button[type=button]')!;
    expect(reset().disabled).toBe(true);
    draw(setting({ origin: 'runtime', value: 0.6, layers: { ...layers, runtime: 0.6 } }));
    expect(reset().disabled).toBe(false);
    expect(reset().title).toBe('Back to 0.75 (environment)');
    answer = { status: 200, body: { changes: [{ number: 2 }] } };
    reset().click();
    await vi.waitFor(() => expect(asked[0]?.body).toEqual({ reset: ['memory_warning_threshold'] }));
  });

  it('has no form for who may only read', () => {
    may = false;
    draw(setting());
    expect(place.querySelector('form')!.hidden).toBe(true);
    expect(place.querySelector('.layers')!.textContent).toContain('environment');
  });
});

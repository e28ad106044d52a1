import { afterEach, describe, expect, it, vi } from 'vitest';

const pages = ['/', '/routes', '/workers'];

async function path(address: string, base: string, page = ''): Promise<string> {
  vi.resetModules();
  document.head.innerHTML = `<meta name="stirbar-page" content="${page}">`;
  vi.spyOn(document, 'baseURI', 'get').mockReturnValue(`http://127.0.0.1${base}`);
  vi.stubGlobal('location', new URL(`http://127.0.0.1${address}`));
  return (await import('./site')).currentPath(pages);
}

describe('currentPath', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('reads the page from the address', async () => {
    expect(await path('/', '/')).toBe('/');
    expect(await path('/routes', '/')).toBe('/routes');
    expect(await path('/routes/', '/')).toBe('/routes');
    expect(await path('/nothing', '/')).toBe('/');
  });

  it('knows prefixes', async () => {
    const prefix = '/admin/responsiveness/';
    expect(await path('/admin/responsiveness', prefix)).toBe('/');
    expect(await path('/admin/responsiveness/', prefix, '/workers')).toBe('/');
    expect(await path('/admin/responsiveness/routes', prefix, '/workers')).toBe('/routes');
    expect(await path('/admin/monitoring', prefix, '/workers')).toBe('/workers');
  });
});

describe('address', () => {
  it('is relative to the base', async () => {
    await path('/admin/health', '/admin/responsiveness/');
    const site = await import('./site');
    expect(new URL(site.address('api/v1/stream')).pathname).toBe('/admin/responsiveness/api/v1/stream');
    expect(new URL(site.pageAddress('/routes')).pathname).toBe('/admin/responsiveness/routes');
    expect(new URL(site.pageAddress('/')).pathname).toBe('/admin/responsiveness/');
  });
});

describe('loginAddress', () => {
  it('leads back to the page', async () => {
    await path('/alerts', '/');
    const { loginAddress } = await import('./site');
    expect(new URL(loginAddress('/alerts')).pathname).toBe('/login');
    expect(new URL(loginAddress('/alerts')).search).toBe('?next=/alerts');
    expect(new URL(loginAddress('/')).search).toBe('');
  });
});

describe('ownPage', () => {
  it('leads to the same page, and nowhere else', async () => {
    const { ownPage } = await import('./site');
    expect(ownPage('http://127.0.0.1:8800/', '/stacks')).toBe('http://127.0.0.1:8800/stacks');
    expect(ownPage('http://127.0.0.1:8800/requests', '/stacks')).toBe('http://127.0.0.1:8800/requests');
    expect(ownPage('javascript:alert(1)', '/stacks')).toBeNull();
    expect(ownPage('', '/stacks')).toBeNull();
  });
});

import { defineConfig } from 'vitest/config';

// Relative addresses everywhere: <base href> in index.html says what they are relative to.
export default defineConfig({
  base: './',
  build: {
    target: 'es2021',
    assetsInlineLimit: 0, // nothing as data: all in files that the browser keeps
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': 'http://127.0.0.1:8800' } },
  test: { environment: 'happy-dom' },
});

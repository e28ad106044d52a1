// A supervisor that is not there: serves web/dist and the API with made-up, changing figures, on loopback.
//   node dev/mock_server.mjs [--port 8801] [--scenario NAME] [--prefix /admin/responsiveness/]
//                            [--live stream|poll] [--page /workers] [--embedded yes]
// Scenarios: cycle, healthy, hang, overload, stuck, many, empty, ended; of databases: pool-full, leaks, database-down; of
// actions: short-of-memory, and --role operator|reader.
// cycle: 20 s healthy, 20 s with the interpreter lock held in worker 1. many: 200 routes, 16 workers.
// stuck: a request past its limit. --embedded: stacks, latencies and connections answer 404, as in the Flask app.
// --prefix, --live, --page rewrite index.html as the Flask side does.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { ask } from './mock_actions.mjs';
import { connections } from './mock_connections.mjs';
import { history, snapshot, stacks } from './mock_figures.mjs';
import { exports, recorded, recordedRoutes, records } from './mock_history.mjs';
import { latency } from './mock_requests.mjs';

const options = { port: '8801', scenario: 'cycle', prefix: '/', live: 'stream', page: '', embedded: '', role: 'operator' };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].replace(/^--/, '')] = process.argv[i + 1] ?? '';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const types = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' };
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

function index() {
  return readFileSync(join(dist, 'index.html'), 'utf8')
    .replace('<base href="/">', `<base href="${options.prefix}">`)
    .replace('<meta name="stirbar-live" content="stream">', `<meta name="stirbar-live" content="${options.live}">`)
    .replace('<meta name="stirbar-page" content="">', `<meta name="stirbar-page" content="${options.page}">`);
}

function send(response, type, body) {
  response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip', 'content-security-policy': policy });
  response.end(gzipSync(body));
}

function stream(request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const write = () => response.write(`event: snapshot\ndata: ${JSON.stringify(snapshot(options.scenario))}\n\n`);
  write();
  const timer = setInterval(write, 1000);
  request.on('close', () => clearInterval(timer));
}

function onDemand(url, path, response) {
  if (options.embedded) {
    response.writeHead(404, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ error: `${path.split('/').pop()} can be seen on the supervisor's own pages`, url: 'http://127.0.0.1:8800/' }));
  }
  const { scenario } = options;
  const pid = url.searchParams.get('pid');
  const none = { time: new Date().toISOString(), firing: [], pending: [], resolved: [], silences: [], alerting: { sinks: [], outbox: { messages: 0, trouble: '' } } };
  const bodies = { alerts: () => none, session: () => ({ role: 'reader', csrf: null, can_log_in: true }), connections: () => connections(scenario), stacks: () => stacks(scenario, pid === null ? null : Number(pid)), latency: () => latency(scenario, url.searchParams.get('route')), recommendations: () => recommendations(scenario) };
  const body = bodies[path.split('/').pop()]();
  return send(response, 'application/json', JSON.stringify(body));
}

// As on loopback for somebody who is not logged in.
function settings() {
  const modes = ['off', 'observe', 'on'];
  const natural = (type, value) => (type === 'switch' ? Boolean(value) : type === 'mode' ? modes[value] : value);
  const rows = snapshot(options.scenario).settings.map(({ type, value, default: initial, ...rest }) => {
    const layers = { default: natural(type, initial), application: null, file: null, environment: null, runtime: null };
    layers[rest.origin] = natural(type, value);
    return { ...rest, type, value: natural(type, value), default: natural(type, initial), allowed: 'what the range says', effect: 'at once', layers, ignored: null, last_change: null };
  });
  return { stored_in: '/nowhere/settings-shop.json', not_stored: null, settings: rows, changes: [] };
}

function session(response) {
  return send(response, 'application/json', JSON.stringify({ role: options.role, csrf: options.role === 'operator' ? 'made-up' : null, can_log_in: true }));
}

function change(request, response) {
  let text = '';
  request.on('data', (part) => (text += part));
  request.on('end', () => {
    const [status, body] = request.headers['x-stirbar-csrf'] === 'made-up' ? ask(JSON.parse(text)) : [403, { error: 'this change lacks its proof' }];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
}

// Those of the snapshot, and one about a pool.
function recommendations(scenario) {
  const { health, trends } = snapshot(scenario);
  const pool = {
    severity: 'warning', component: 'database', rule: '', text: 'Set pool_size of mysql://db.example.org:3306/shop to 9 (now 5).',
    evidence: 'p95 of the connections in use at once in one worker is 8 (most: 9) over the last 15 min; those beyond pool_size are opened anew',
    effect: '19 of 20 moments need no connection beyond pool_size, which is one less to open and close each time', command: '', page: '/connections', gain_ratio: 0,
  };
  return { time: new Date().toISOString(), recommendations: scenario === 'empty' ? [] : [...health.recommendations, pool], trends };
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1');
  const path = url.pathname.startsWith(options.prefix) ? `/${url.pathname.slice(options.prefix.length)}` : '/';
  if (path === '/api/v1/session') return session(response);
  if (path === '/api/v1/actions' && request.method === 'POST') return change(request, response);
  if (path === '/api/v1/stream') return stream(request, response);
  if (path === '/api/v1/snapshot') return send(response, 'application/json', JSON.stringify(snapshot(options.scenario)));
  const query = url.searchParams;
  if (path === '/api/v1/history' && query.has('from')) return send(response, 'application/json', JSON.stringify(recorded(query)));
  if (path === '/api/v1/history/routes') return send(response, 'application/json', JSON.stringify(recordedRoutes(query)));
  if (path === '/api/v1/history/info') return send(response, 'application/json', JSON.stringify({ exports: exports() }));
  if (path === '/api/v1/records') return send(response, 'application/json', JSON.stringify(records(query)));
  if (path === '/api/v1/history') {
    const points = Number(url.searchParams.get('points')) || 900;
    return send(response, 'application/json', JSON.stringify(history(options.scenario, points)));
  }
  if (path === '/api/v1/settings' && !options.embedded) return send(response, 'application/json', JSON.stringify(settings()));
  if (['/api/v1/stacks', '/api/v1/latency', '/api/v1/connections', '/api/v1/alerts', '/api/v1/recommendations'].includes(path)) return onDemand(url, path, response);
  const file = join(dist, normalize(path));
  if (path.startsWith('/assets/') && existsSync(file)) return send(response, types[extname(file)], readFileSync(file));
  return send(response, types['.html'], index()); // every other address is a page
});
server.listen(Number(options.port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}${options.prefix} (${options.scenario}, ${options.live}); Ctrl-C ends it`);
});

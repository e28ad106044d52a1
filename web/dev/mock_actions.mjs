// What was done to an app that leaks (scenario short-of-memory), and what an operator asks for.
const asked = [];

const MB = 1e6;
const row = (number, seconds, action, more) => ({
  number, time: new Date(Date.now() - seconds * 1000).toISOString(), action, state: 'done', slot: 1, pid: 4712, actor: '', reason: '', effect: '',
  before_bytes: null, after_bytes: null, seconds: null, helped: null, ...more,
});

function story() {
  const why = 'emergency: memory 91.8 % (493 of 537 MB), used up in 7 s at this rate';
  const step = (number, seconds, action, name, before, after, effect, slot = 1) =>
    row(number, seconds, action, { slot, pid: 4711 + slot, reason: `${name}: ${why}`, before_bytes: before * MB, after_bytes: after * MB, seconds: 0.031, helped: before - after >= before / 100, effect });
  return [
    row(9, 3, 'recycle', { state: 'running', slot: 0, pid: 4711, reason: `${why}; it holds 231 MB, 174 MB more than a fresh one`, before_bytes: 291 * MB, effect: 'asked to end its requests and leave; 174.0 MB expected back' }),
    row(8, 44, 'recycle', { reason: `${why}; it holds 252 MB, 195 MB more than a fresh one`, before_bytes: 468 * MB, after_bytes: 283 * MB, seconds: 0.4, helped: true, effect: 'left by itself within 0.4 s; all workers together 468.0 MB before, 283.0 MB when its successor served' }),
    step(7, 46, 'trim', 'trim', 252, 252, '0.0 MB given back of 252.0 MB in 31 ms; Python\u2019s arenas hold 21.0 MB, 88 % of it in objects'),
    step(6, 46.5, 'cleanup', 'all garbage', 254, 252, '2.0 MB given back of 254.0 MB in 31 ms; 1204 unreachable objects found', 1),
    step(5, 47, 'evict', 'caches', 281, 254, '27.0 MB given back of 281.0 MB in 31 ms; 812 entries of 2 caches evicted'),
    row(4, 48, 'shed', { state: 'running', slot: null, pid: null, reason: 'memory is at 91.8 %, critical from 90 %: background and sheddable requests are refused' }),
    row(3, 300, 'cleanup', { state: 'withheld', slot: 0, pid: 4711, actor: 'operator from 127.0.0.1', reason: 'all garbage: asked for', effect: 'would be done in worker 0 (pid 4711), 97.0 MB resident; a dry run', before_bytes: 97 * MB }),
    row(2, 420, 'cleanup', { state: 'failed', reason: 'the app\u2019s callbacks: memory is at 82 %', effect: 'no answer within 35 s', before_bytes: 120 * MB, helped: false }),
  ];
}

export function inActions(scenario) {
  const short = scenario === 'short-of-memory';
  return {
    actions: [...asked].reverse().concat(short ? story() : []),
    emergency: short
      ? { state: 'recycling', since: new Date(Date.now() - 4000).toISOString(), withheld: false, reason: 'memory 91.8 % (493 of 537 MB)' }
      : { state: 'calm', since: null, withheld: false, reason: '' },
    caches: short
      ? [
          { name: 'price', workers: 2, entries: 2410, hits: 120_412, misses: 9_120, evictions: 812, hit_ratio: 0.93 },
          { name: 'thumbnails', workers: 2, entries: 88, hits: null, misses: null, evictions: 0, hit_ratio: null },
        ]
      : [],
  };
}

// Answers POST /api/v1/actions: [status, body].
export function ask(body) {
  if (body.action === 'recycle' && body.worker === 4711) return [409, { error: 'worker 0 (pid 4711) is not recycled: it is the last worker that can answer' }];
  const number = 100 + asked.length;
  asked.push(row(number, 0, body.action, { state: body.dry_run ? 'withheld' : 'done', slot: 0, pid: 4711, actor: 'operator from 127.0.0.1', reason: 'all garbage: asked for', effect: body.dry_run ? 'a dry run' : '1.0 MB given back', before_bytes: 97 * MB, after_bytes: body.dry_run ? null : 96 * MB, helped: body.dry_run ? null : true }));
  return [200, { accepted: true, text: body.dry_run ? 'dry run of a cleanup of 2 workers' : 'cleanup of 2 workers' }];
}

// The part of the segment that one worker owns: its counters, its requests in flight, the slow
// ones, the order it was given, its caches. Included by layout.h, whose rules hold here too;
// include that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/histogram.h"
#include "segment/capacity.h"
#include "segment/pool_layout.h"

namespace stirbar {

// ------------------------------------------------------------------------ Counters of one worker

// Where the time of a request goes. What is left of its duration is the application's own.
enum class Part : uint32_t {
  kSql = 0,  // statements, as SQLAlchemy sees them
  kRedis,    // commands, as redis-py sees them
  kHttp,     // outgoing calls: http.client and what stands on it
  kLock,     // waiting for the interpreter lock: sampled ten times a second (probe/lock_sampler.h)
  kGarbage,  // pauses of the garbage collector
};
inline constexpr size_t kParts = 5;

// Single writer: the owner, which holds the interpreter lock or its own commit lock while it
// writes; after its death, the supervisor. Number of requests = sum of `status`; a refused request
// is none of them.
struct RouteStats {
  std::array<Word, 5> status;  // 1xx .. 5xx
  Word exceptions;             // the app raised through the WSGI callable; counted as 5xx above
  Word slow;                   // longer than slow_request_threshold
  Word duration_sum_ns;
  Word duration_max_ns;
  Word queue_sum_ns;                    // waited before the app got them; not in the duration
  std::array<Word, kParts> parts_ns;    // by Part; within the duration
  std::array<Word, kParts> part_calls;  // statements, commands, calls, samples, collections
  Word refused;                         // answered 503 before the app was entered; not journalled
  Word degraded;  // served a cheaper answer (@stirbar.degrade); not journalled
  std::array<HalfWord, kHistogramBuckets> histogram;  // wraps at 4.29e9 per bucket and worker
};
static_assert(sizeof(RouteStats) == 824);

// The redo record of one commit: absolute new values, so that doing it twice is doing it once.
// The owner fills it, sets `pending`, stores the values, frees the in-flight slot, and clears
// `pending`. Whoever buries the worker does the same from the record when `pending` is set.
struct CommitJournal {
  HalfWord pending;
  uint32_t route;
  uint32_t status_class;  // 0..4
  uint32_t bucket;
  uint32_t in_flight;  // kMaxInFlight when the request had no slot
  uint32_t bucket_count;
  uint64_t status_count;
  uint64_t exceptions;
  uint64_t slow;
  uint64_t duration_sum_ns;
  uint64_t duration_max_ns;
  uint64_t queue_sum_ns;
  uint64_t parts_ns[kParts];
  uint64_t part_calls[kParts];
  uint32_t queue_bucket;  // kHistogramBuckets when the queue time is not known
  uint32_t queue_bucket_count;
  uint32_t has_parts;  // 0: parts_ns and part_calls are not to be stored
  uint32_t reserved;
};

enum class RequestPhase : uint32_t {
  kRouting = 0,    // entered, no rule matched yet (session being opened, middleware)
  kHandling = 1,   // in hooks or the view
  kStreaming = 2,  // the app returned; its body is being read
};

// How the queue time of a request is known, best first.
enum class QueueSource : uint32_t {
  kNone = 0,    // it is not
  kHeader = 1,  // X-Request-Start or X-Queue-Start of a trusted peer
  kServer = 2,  // mod_wsgi.queue_start
  kSocket = 3,  // TCP_INFO of the request's socket: milliseconds since its last byte came
};

// Who is refused first when not all can be served: the highest number.
enum class Criticality : uint32_t {
  kCritical = 0,    // health, admin: never refused
  kNormal = 1,      // the default
  kSheddable = 2,   // can be asked for again later
  kBackground = 3,  // nobody waits for it
};
inline constexpr size_t kCriticalities = 4;

// What a request waits for just now.
enum class Activity : uint32_t {
  kApplication = 0,
  kSql = 1,
  kRedis = 2,
  kHttp = 3,
  kCheckout = 4,  // waits for a pool connection
};

// What was done about a request that is stuck. Bits.
inline constexpr uint32_t kStuckRecorded = 1;
inline constexpr uint32_t kStuckInterrupted = 2;

// One request in flight. Belongs to the request, not to a thread: greenlets and streamed bodies
// change threads. Free when `started_ns` is 0; the owner writes it last at the begin and first at
// the end, so that a reader who finds the same value before and after has read one request.
// Written by the owner, except `stuck` (supervisor) and parts_ns[kLock] (the owner's beat thread).
struct InFlight {
  Word started_ns;         // monotonic; 0: free
  Word phase_since_ns;     // monotonic
  HalfWord route;          // kRouteUnknown until matched
  HalfWord phase;          // RequestPhase
  HalfWord thread;         // native thread id that began it
  HalfWord method;         // HttpMethod
  Word python_thread;      // pthread_self() of that thread, as PyThreadState::thread_id has it
  Word queue_ns;           // waited before `started_ns`
  HalfWord queue_source;   // QueueSource
  HalfWord criticality;    // Criticality
  Word deadline_ns;        // monotonic: when the client stops waiting; 0: none
  Word limit_ns;           // duration from which it is stuck; 0: exempt (long-lived by declaration)
  Word activity_since_ns;  // monotonic
  HalfWord activity;       // Activity
  HalfWord stuck;          // kStuck... bits
  Word connection_since_ns;    // monotonic: holds a pool connection since; 0: none
  std::array<Word, 2> client;  // IPv6 (or mapped IPv4) address in network order, masked; 0: unknown
  std::array<Word, kParts> parts_ns;
  std::array<HalfWord, kParts> part_calls;
  HalfWord request_kib;  // Content-Length of the request, in KiB
  uint8_t reserved[80];
};
static_assert(sizeof(InFlight) == 256);

// A request that was slow, or the slowest of its minute in this worker: written by the worker when
// it ends, fetched by the supervisor. Record n lies at n % kMaxSlowRequests.
struct SlowRequest {
  Word sequence;        // 0 while it is written; then its number + 1
  uint64_t started_ns;  // monotonic: with slot and in-flight index the key of its stack
  uint64_t wall_ns;     // when it ended
  uint64_t duration_ns;
  uint64_t queue_ns;
  uint64_t parts_ns[kParts];
  uint32_t part_calls[kParts];
  uint32_t in_flight;  // index; kMaxInFlight when it had none
  uint32_t route;
  uint32_t method;        // HttpMethod
  uint32_t status;        // 200; 0 when the app raised
  uint32_t queue_source;  // QueueSource
  uint32_t thread;
  uint32_t slow;            // 1: longer than slow_request_threshold; 0: slowest of its minute
  uint64_t request_bytes;   // Content-Length; 0 when there was none
  uint64_t response_bytes;  // Content-Length; UINT64_MAX when not known
  // The slowest statements without their parameters, cut with "..." at the end; empty: none.
  struct Statement {
    uint64_t duration_ns;
    uint32_t calls;
    uint32_t reserved;
    char text[240];
  };
  std::array<Statement, 3> statements;
};
static_assert(sizeof(SlowRequest) == 912);

enum class DirectiveKind : uint32_t {
  kNone = 0,
  kCleanup = 1,
  kInterrupt = 2,  // the request `in_flight` that began at `started_ns`: raise in its thread
};

// What a cleanup does, one step an order. Bit 1 << step of WorkerCaches::steps says that the worker
// has something for it.
enum class CleanupStep : uint32_t {
  kNone = 0,
  kYoungGarbage = 1,  // generations 0 and 1 of Python's collector: a millisecond
  kConnections = 2,   // idle connections of the pools
  kCallbacks = 3,     // what the app has registered with stirbar.cleanup
  kCaches = 4,        // entries of what it has registered with stirbar.cache
  kGarbage = 5,       // all generations: stops the worker for some 10 ms per million objects
  kTrim = 6,          // free memory of the allocator, back to the system
};
inline constexpr uint32_t kCleanupSteps = 7;  // with kNone

enum class CleanupOutcome : uint32_t {
  kDone = 0,
  kNothing = 1,  // this worker has nothing for such a step
  kFailed = 2,   // something that the app has registered has raised: see `text`
  kPartly = 3,   // its budget of time was used up before it was through
};

// One order at a time from the supervisor to one worker, and the answer. The supervisor writes the
// order and then `ordered`; the worker carries it out, writes the answer and then `done`.
struct Directive {
  Word ordered;        // supervisor: number of the newest order
  HalfWord kind;       // supervisor: DirectiveKind
  HalfWord in_flight;  // supervisor: kInterrupt
  Word started_ns;     // supervisor: kInterrupt
  Word done;           // worker: number of the newest order carried out
  Word reclaimed_bytes;
  Word duration_ns;
  Word collected_objects;  // or entries evicted, connections closed, callbacks called
  Word interrupted;        // kInterrupt: 1 when the request was still running
  // kCleanup, supervisor:
  HalfWord step;     // CleanupStep
  HalfWord trims;    // 1: free memory is given back after the step
  HalfWord percent;  // kCaches: share of the entries to evict; kConnections: unused
  HalfWord keeps;    // kConnections: idle ones that stay in each pool
  Word wait_ns;      // longest wait for a moment without a request; 0: begin at once
  Word budget_ns;    // time that the step may take
  // kCleanup, worker:
  HalfWord outcome;  // CleanupOutcome
  HalfWord reserved;
  Word before_bytes;      // resident set before the step
  Word waited_ns;         // for a moment without a request
  Word arena_bytes;       // Python's own arenas after it; 0: not known
  Word arena_used_bytes;  // in objects
  char text[96];          // what was done, in words; NUL-terminated
};

enum class WorkerState : uint32_t {
  kFree = 0,
  kStarting = 1,  // claimed, native threads not running yet
  kServing = 2,
  kExiting = 3,  // the interpreter is shutting down in good order
};

enum class ServerKind : uint32_t {
  kUnknown = 0,
  kGunicorn,
  kUwsgi,
  kWaitress,
  kWerkzeug,
  kModWsgi,
  kGevent,
  kOther,
};

enum class LockProbe : uint32_t {
  kRunning = 0,
  kUnavailable = 1,  // the server never gives the lock up (uWSGI without --enable-threads)
};

// Where the supervisor finds the interpreter in the worker's memory (process_vm_readv), and how it
// is laid out: written once by the worker, before `ready`. The meaning of each offset stands in
// segment/interpreter_offsets.h; all are checked by the reader, who trusts no pointer.
inline constexpr size_t kMaxInterpreterOffsets = 64;
struct InterpreterMap {
  HalfWord ready;           // 1 when the rest is written
  HalfWord python_version;  // PY_VERSION_HEX that the offsets were made for
  Word runtime;             // address of _PyRuntime
  Word interpreter;         // address of the main PyInterpreterState
  HalfWord allows_reading;  // 1 when prctl(PR_SET_PTRACER) for the present supervisor succeeded
  HalfWord offset_count;
  std::array<HalfWord, kMaxInterpreterOffsets> offsets;  // by InterpreterOffset
};

// What admission control does in this worker: written by it for the page, read by nobody else.
struct AdmissionState {
  Word concurrency_limit;    // bits of a double; requests at once
  Word queue_delay_ns;       // smallest queue time of the newest whole interval
  Word overloaded_since_ns;  // monotonic; 0: not overloaded
  HalfWord level;            // 0 none .. 3, of this worker alone
  HalfWord executor_depth;   // accepted by the server, not yet begun (gthread, waitress)
  HalfWord capacity;         // requests that it can handle at once; 0: unknown
  HalfWord reserved;
  std::array<Word, kCriticalities> refused;       // by Criticality
  std::array<Word, kCriticalities> admitted;      // by Criticality
  std::array<Word, kCriticalities> would_refuse;  // observe-only: by Criticality
};

// Calls from this worker to one host.
struct HostStats {
  Word calls;
  Word failures;  // exceptions; time-outs among them
  Word timeouts;
  Word defaulted;  // calls without a time-out that got the default one
  Word duration_sum_ns;
  Word duration_max_ns;
  Word breaker_open_until_ns;  // monotonic; 0: closed, or none
  Word breaker_refusals;       // calls that an open breaker refused
};

struct WorkerSlot {
  // Ownership. `owner` is claimed by compare-and-swap from 0, and set to 0 by the supervisor after
  // the slot has been folded into the retired totals and wiped.
  Word owner;        // ProcessIdentity
  Word incarnation;  // unique in this segment; the fold is remembered by it
  HalfWord state;    // WorkerState
  HalfWord server_kind;
  Word started_ns;
  HalfWord python_version;  // PY_VERSION_HEX
  HalfWord lock_probe;      // LockProbe

  // Native threads of the worker.
  alignas(64) Word heartbeat_ns;  // the beat thread, every 100 ms; needs no interpreter lock
  Word lock_wait_since_ns;        // the knock thread: when it began to wait; 0 when it does not
  Word lock_wait_last_ns;         // duration of the newest ended wait
  Word lock_wait_max_ns;
  Word lock_wait_sum_ns;
  Word lock_waits;

  alignas(64) Word in_flight_overflow;  // requests that found no free InFlight
  Word route_overflow;                  // rules that found no free RouteEntry
  Word probe_faults;                    // things that went wrong inside the probe
  Word supervisor_losses;               // times the supervisor fell silent

  alignas(64) Directive directive;
  alignas(64) InterpreterMap interpreter;
  alignas(64) AdmissionState admission;
  std::array<HalfWord, kHistogramBuckets> queue_histogram;  // of all requests whose time is known
  Word next_slow;                                           // records written to `slow`
  std::array<SlowRequest, kMaxSlowRequests> slow;
  std::array<HostStats, kMaxHosts> hosts;
  alignas(64) CommitJournal journal;
  std::array<Word, kMaxRoutes / 64> routes_used;  // bit set before the first count of a route
  alignas(64) std::array<InFlight, kMaxInFlight> in_flight;
  alignas(64) std::array<RouteStats, kMaxRoutes> routes;
};

// --------------------------------------------------------------------------------- WorkerCaches

// A cache of the app that was registered with stirbar.cache. The figures are this process's own,
// copied here by its beat thread ten times a second.
struct CacheStats {
  HalfWord used;     // 1: the name is written
  HalfWord counted;  // 1: hits and misses are known
  Word hits;
  Word misses;
  Word evictions;  // entries that cleanups have evicted
  Word entries;    // UINT64_MAX: not known
  char name[64];   // NUL-terminated
};
static_assert(sizeof(CacheStats) == 104);

struct WorkerCaches {
  HalfWord steps;  // bits 1 << CleanupStep: what this worker has something for
  HalfWord reserved;
  std::array<CacheStats, kMaxCaches> caches;
};

}  // namespace stirbar

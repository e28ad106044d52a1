// THE CONTRACT between the app's workers (src/probe) and the supervisor (src/supervisor): the bytes
// of the segment, one 0600 file in shared memory that all of them map.
//
//   offset        part                writer                       size
//   0             Header              creator; counters by all     4 KiB
//   4 KiB         SupervisorBlock     supervisor                   4 KiB
//   8 KiB         ConfigBlock         any, one word at a time      4 KiB
//                 RouteEntry[2048]    the worker that claims one   512 KiB
//                 Event[1024]         any, one slot each           256 KiB
//                 HistoryPoint[900]   supervisor                   113 KiB
//                 SnapshotBank[2]     supervisor                   2 x 512 KiB
//                 RetiredBank[2]      supervisor                   2 x 2.7 MiB
//                 NameEntry[128]      the worker that claims one   16 KiB
//                 WorkerSlot[128]     the worker that owns it      128 x 1.7 MiB
//                 NameEntry[16]       the worker that claims one   4 KiB
//                 WorkerPools[128]    the worker that owns it      128 x 204 KiB
//                 WorkerCaches[128]   the worker that owns it      128 x 4 KiB
//
// The file is sparse: a page costs memory only once it is written. An app with 4 workers and 50
// routes uses about 2 MiB of the 265 MiB that `ls` shows.
//
// Rules that keep the segment readable whatever dies, at whatever instruction:
//  * No locks. Every word that two processes share is a lock-free atomic.
//  * Every word has one writer, named beside it. Exceptions use compare-and-swap or fetch-and-add
//    and say so.
//  * Records of several words carry a sequence: odd while they are written. A reader that sees an
//    odd or a changed sequence tries again, and gives up after a few tries: it never waits for a
//    writer, who may be dead.
//  * Counters of a worker are absolute and have one writer, so that a change to several of them can
//    be journalled and done again by whoever buries the worker (CommitJournal).
//  * Nothing read from here is used as an index or a length before it is checked against the
//    constants below.
//
// Refused alternatives: one counter per route for all workers with fetch-and-add (needs no burial,
// but a worker killed between two additions leaves figures that do not add up, and 64 workers
// share cache lines); robust mutexes (the survivor learns that the data may be torn, not how to
// mend it); one file per worker (prometheus_client's way: 2.8 s for a scrape after 500 restarts).
//
// Later parts (tasks, sessions, heap samples) go behind the caches; kLayoutVersion
// goes up by one, and a process that meets another version refuses the file.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/histogram.h"
#include "base/settings.h"
#include "segment/pool_layout.h"

namespace stirbar {

inline constexpr uint64_t kSegmentMagic = 0x5241425249545331;  // "1STIRBAR" in memory order
inline constexpr uint32_t kLayoutVersion = 4;

// 64 workers is the largest deployment that the budgets name; twice that lets a full set of
// replacements start before the old ones are buried.
inline constexpr size_t kMaxWorkers = 128;
// Past 2,048 routes (method x url_rule) further ones are counted as kRouteOther.
inline constexpr size_t kMaxRoutes = 2048;
// Requests at once in one worker that can be seen in flight; more are counted, not seen.
inline constexpr size_t kMaxInFlight = 256;
// 1,024 events hold the last minutes of trouble; older ones are overwritten and counted.
inline constexpr size_t kMaxEvents = 1024;
// 15 minutes at one point a second: what the charts show when the page is opened.
inline constexpr size_t kHistoryLength = 900;
inline constexpr size_t kSnapshotBytes = 512 * 1024 - 64;
inline constexpr size_t kMaxSettings = 128;
// Hosts that the app calls; calls to further ones are counted as kHostOther.
inline constexpr size_t kMaxHosts = 128;
// Slow requests of one worker that wait to be fetched by the supervisor (four times a second).
inline constexpr size_t kMaxSlowRequests = 16;
// Caches of one worker that are counted; further ones are evicted, not shown.
inline constexpr size_t kMaxCaches = 16;

static_assert(Word::is_always_lock_free && HalfWord::is_always_lock_free);
static_assert(sizeof(Word) == 8 && sizeof(HalfWord) == 4);

// ---------------------------------------------------------------------------------------- Header

struct Header {
  uint64_t magic;           // kSegmentMagic; written last by the creator
  uint32_t layout_version;  // kLayoutVersion
  uint32_t header_bytes;    // sizeof(Header)
  uint64_t segment_bytes;   // sizeof(Segment): a truncated file is found out by it
  uint64_t layout_digest;   // kLayoutDigest: a build with other constants is found out by it
  uint64_t created_wall_ns;
  uint64_t created_monotonic_ns;
  char app_name[96];  // NUL-terminated

  alignas(64) Word next_incarnation;  // fetch-and-add by whoever claims a worker slot
  Word retired;                       // supervisor: 1 when this file has been replaced by another
  alignas(64) Word next_event;        // fetch-and-add by any writer of events
  alignas(64) HalfWord route_count;   // fetch-and-add: entries claimed, may exceed kMaxRoutes
  HalfWord host_count;                // fetch-and-add: entries claimed, may exceed kMaxHosts
  HalfWord pool_count;                // fetch-and-add: entries claimed, may exceed kMaxPools
};

// ------------------------------------------------------------------------------ SupervisorBlock

struct SupervisorBlock {
  Word owner;              // ProcessIdentity of the supervisor; 0 when none has been
  Word heartbeat_ns;       // supervisor: monotonic, every tick
  Word started_ns;         // supervisor: monotonic
  Word generation;         // supervisor: how many supervisors this segment has had
  Word history_next;       // supervisor: points written so far; the newest is at (n - 1) % length
  HalfWord retired_bank;   // supervisor: which RetiredBank holds (0, 1); the other may be torn
  HalfWord snapshot_bank;  // supervisor: which SnapshotBank is newest
  HalfWord shed_level;     // supervisor: 0 none .. 3: classes above it are refused (Criticality)
  HalfWord backlog;        // supervisor: accept queue that workers shall set; 0: the server's own
  char url[128];         // supervisor, before `owner`: where its pages are; empty when it has none
  Word pressure;         // supervisor: bits of a double, 0..1: memory, CPU, queue, worst of them
  Word saturation;       // supervisor: bits of a double, 0..1 (docs/operating.md has the formula)
  HalfWord backlog_own;  // supervisor: the accept queue that the server had asked for; 0: unknown
  HalfWord connections;  // supervisor: streams open in the whole app
};

// ---------------------------------------------------------------------------------- ConfigBlock

// A setting is one word, so that it needs no lock and is never torn; `generation` goes up after a
// change, so that readers look again. `value` is what holds. Writers: the supervisor, which knows
// what all origins say; and, until it looks (four times a second), a worker (Stirbar(app,
// config=...)) and `stirbar shed`, each only over a value of the same or a lower origin.
//
// `application` is what the application said, also while something stronger holds: what a reset at
// run time falls back to. Writers: workers; the last one wins.
struct ConfigBlock {
  Word generation;
  std::array<Word, kMaxSettings> value;        // bits of a double, by SettingId
  std::array<HalfWord, kMaxSettings> origin;   // SettingOrigin
  std::array<Word, kMaxSettings> application;  // bits of a double, each turned over; 0: says none
};
static_assert(kSettingCount <= kMaxSettings);

// ----------------------------------------------------------------------------------- RouteEntry

enum class HttpMethod : uint8_t {
  kOther = 0,
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kPatch,
  kOptions,
};

// Routes 0 and 1 always exist.
inline constexpr uint32_t kRouteUnmatched = 0;  // no rule matched: one value for all such paths
inline constexpr uint32_t kRouteOther = 1;      // the table is full
inline constexpr uint32_t kRouteUnknown = 0xFFFFFFFF;  // in flight, not matched yet

enum class RouteState : uint32_t { kFree = 0, kClaimed = 1, kReady = 2 };

// Append-only. A worker takes the next index, writes, and publishes by `state`. Two workers that
// meet the same rule at the same moment may both append it: readers add up entries of equal text.
// A worker that dies in between leaves kClaimed, which readers skip.
struct RouteEntry {
  HalfWord state;  // RouteState
  HttpMethod method;
  uint8_t reserved[3];
  uint64_t hash;   // of method and rule
  char rule[240];  // url_rule, never the path: NUL-terminated, cut with "..." at the end
};
static_assert(sizeof(RouteEntry) == 256);

// ------------------------------------------------------------------------------------ NameEntry

// Append-only, as RouteEntry: hosts that the app calls ("api.example.org:443": host and port,
// nothing else of the URL) and pools of connections ("mysql://db.example.org:3306/shop": no user,
// no password, no options).
struct NameEntry {
  HalfWord state;  // RouteState
  HalfWord reserved;
  uint64_t hash;
  char name[112];  // NUL-terminated, cut with "..." at the end
};
static_assert(sizeof(NameEntry) == 128);

// Entry 0 is never written: it stands for all names that found the table full.
inline constexpr uint32_t kHostOther = 0;

// ---------------------------------------------------------------------------------------- Event

enum class EventKind : uint32_t {
  kNone = 0,
  kWorkerStarted,
  kWorkerExited,  // said goodbye
  kWorkerDied,    // did not; `value` = requests lost
  kRequestLost,   // `route`, `value` = age in seconds
  kRequestSlow,   // `route`, `value` = duration in seconds
  kSupervisorStarted,
  kStatusChanged,
  kAlertFiring,
  kAlertResolved,
  kCleanup,  // `value` = bytes given back, `value2` = seconds
  kSegmentRefused,
  kProbeFault,
  kRequestStuck,         // `route`, `value` = age in seconds: recorded while it runs
  kRequestInterrupted,   // `route`, `value` = age in seconds
  kWorkerReplaced,       // `value` = seconds that its request had been stuck
  kActionWithheld,       // observe-only: what would have been done
  kShedLevelChanged,     // `value` = new level, `value2` = level before
  kBacklogChanged,       // `value` = new accept queue, `value2` = before
  kConnectionLeaked,     // `route`, `value` = held for, seconds; `value2` = LeakKind
  kConnectionReturned,   // a leak came back: `route`, `value` = held for, seconds
  kDatabaseUnavailable,  // `value` = failures in a row
  kDatabaseAvailable,    // `value` = seconds that it was not
  kSlowQuery,            // `route`, `value` = seconds
  kMemoryEmergency,      // `value` = memory_ratio, `value2` = its critical threshold
};

enum class Severity : uint32_t { kInfo = 0, kWarning = 1, kCritical = 2 };

// Two writers can meet in one place: one that slept (SIGSTOP) while the ring went round, and the
// next. What they leave is a mix, which the checksum tells from an event.
struct Event {
  Word sequence;  // 0 while it is written; then its number + 1. Number n lives at n % kMaxEvents.
  uint64_t wall_ns;
  uint64_t monotonic_ns;
  EventKind kind;
  Severity severity;
  uint32_t slot;  // kMaxWorkers when no worker is meant
  uint32_t pid;
  uint32_t route;     // kRouteUnknown when no route is meant
  uint32_t checksum;  // of the number and all that follows the sequence, taken with a checksum of 0
  double value;
  double value2;
  char text[192];  // NUL-terminated
};
static_assert(sizeof(Event) == 256);

// --------------------------------------------------------------------------------- HistoryPoint

// One second of the whole app, as the charts show it. NaN: not measured.
struct HistoryValues {
  uint64_t wall_ms;
  double memory_ratio;
  double memory_bytes;
  double cpu_ratio;
  double requests_per_second;
  double error_ratio;
  double p50_seconds;
  double p95_seconds;
  double p99_seconds;
  double accept_queue;
  double in_flight;
  double lock_wait_seconds;
  double workers;
  double saturation;
  double refused_per_second;
  double queue_p50_seconds;
  double queue_p95_seconds;
  double pool_utilisation;  // of the fullest pool, 0..1
  double pool_waiting;
  double pool_wait_p95_seconds;
  double database_seconds;  // in SQL, of each second of requests
  double reserved[10];
};

struct HistoryPoint {
  Word sequence;  // index + 1 once written; 0 while it is
  HistoryValues values;
};
static_assert(sizeof(HistoryPoint) == 256);

// --------------------------------------------------------------------------------- SnapshotBank

// The newest /api/v1/snapshot, so that pages inside the Flask app can show the whole app without a
// connection to the supervisor.
struct SnapshotBank {
  Word sequence;  // supervisor: odd while written
  Word length;
  uint8_t reserved[48];
  std::array<char, kSnapshotBytes> text;
};
static_assert(sizeof(SnapshotBank) == 512 * 1024);

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

// ---------------------------------------------------------------------------------- RetiredBank

struct RouteTotals {
  std::array<uint64_t, 5> status;
  uint64_t exceptions;
  uint64_t slow;
  uint64_t duration_sum_ns;
  uint64_t duration_max_ns;
  uint64_t queue_sum_ns;
  std::array<uint64_t, kParts> parts_ns;
  std::array<uint64_t, kParts> part_calls;
  uint64_t refused;
  uint64_t degraded;
  HistogramCounts histogram;
};

struct HostTotals {
  uint64_t calls;
  uint64_t failures;
  uint64_t timeouts;
  uint64_t defaulted;
  uint64_t duration_sum_ns;
  uint64_t duration_max_ns;
  uint64_t breaker_refusals;
};

// Totals of all buried workers. The supervisor writes the bank that does not hold, complete with
// `folded`, and then switches SupervisorBlock::retired_bank: one store that makes the fold happen
// once, however often it is begun.
struct RetiredBank {
  std::array<uint64_t, kMaxWorkers> folded;  // per slot: the incarnation folded last
  uint64_t lost;                             // requests in flight in workers when they died
  uint64_t workers_exited;
  uint64_t workers_died;
  uint64_t in_flight_overflow;
  uint64_t probe_faults;
  std::array<uint64_t, kCriticalities> refused;
  std::array<uint64_t, kCriticalities> admitted;
  std::array<uint64_t, kCriticalities> would_refuse;
  HistogramCounts queue_histogram;
  std::array<HostTotals, kMaxHosts> hosts;
  std::array<PoolTotals, kMaxPools> pools;
  std::array<uint64_t, kMaxRoutes / 64> routes_used;
  std::array<RouteTotals, kMaxRoutes> routes;
};

// -------------------------------------------------------------------------------------- Segment

struct Segment {
  alignas(4096) Header header;
  alignas(4096) SupervisorBlock supervisor;
  alignas(4096) ConfigBlock config;
  alignas(4096) std::array<RouteEntry, kMaxRoutes> routes;
  alignas(4096) std::array<Event, kMaxEvents> events;
  alignas(4096) std::array<HistoryPoint, kHistoryLength> history;
  alignas(4096) std::array<SnapshotBank, 2> snapshots;
  alignas(4096) std::array<RetiredBank, 2> retired;
  alignas(4096) std::array<NameEntry, kMaxHosts> hosts;
  struct alignas(4096) PaddedWorkerSlot : WorkerSlot {};
  std::array<PaddedWorkerSlot, kMaxWorkers> workers;
  alignas(4096) std::array<NameEntry, kMaxPools> pool_names;
  struct alignas(4096) PaddedWorkerPools : WorkerPools {};
  std::array<PaddedWorkerPools, kMaxWorkers> pools;  // of the worker with the same index
  struct alignas(4096) PaddedWorkerCaches : WorkerCaches {};
  std::array<PaddedWorkerCaches, kMaxWorkers> caches;  // likewise
};

static_assert(offsetof(Segment, supervisor) == 4096);
static_assert(offsetof(Segment, config) == 8192);
static_assert(sizeof(Segment) % 4096 == 0);

// Differs between builds whose structs differ, even where kLayoutVersion was forgotten.
inline constexpr uint64_t kLayoutDigest =
    sizeof(Segment) * 1'000'003U + offsetof(Segment, retired) * 101U + sizeof(WorkerSlot) * 7U +
    sizeof(RetiredBank) * 3U + sizeof(WorkerPools) * 11U + sizeof(WorkerCaches) * 13U +
    kSettingCount;

// A process, so that a recycled pid is not mistaken for it: pid in the upper half, the lower 32
// bits of its start time (clock ticks since boot, /proc/PID/stat field 22) in the lower half.
using ProcessIdentity = uint64_t;

inline constexpr ProcessIdentity MakeIdentity(uint32_t pid, uint64_t start_ticks) {
  return (static_cast<uint64_t>(pid) << 32U) | (start_ticks & 0xFFFFFFFFU);
}
inline constexpr uint32_t PidOf(ProcessIdentity identity) {
  return static_cast<uint32_t>(identity >> 32U);
}

}  // namespace stirbar

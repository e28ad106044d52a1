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
#include "segment/capacity.h"
#include "segment/pool_layout.h"
#include "segment/worker_layout.h"

namespace stirbar {

inline constexpr uint64_t kSegmentMagic = 0x5241425249545331;  // "1STIRBAR" in memory order
inline constexpr uint32_t kLayoutVersion = 4;

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

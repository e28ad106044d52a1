// The part of the segment that tells of connections to databases: pools, who holds what, leaks,
// slow queries. Included by layout.h, whose rules hold here too; include that.
//
//   NameEntry[16]      names of pools                         the worker that claims one
//   WorkerPools[128]   one for each WorkerSlot, same index    the worker that owns that slot
//     PoolStats[16]      by pool: what it may do, does, did
//     Connection[256]    open connections of all its pools
//     LeakRecord[16]     ring: leaks, also those given back since
//     SlowQuery[16]      ring
//
// A stack is kept as it is found, addresses of code objects and places in them, and is read by the
// supervisor only when somebody looks (supervisor/collect/code_reader.h): a text of 16 frames would
// cost more than the checkout. The probe keeps those code objects alive as long as they stand here.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/histogram.h"

namespace stirbar {

using Word = std::atomic<uint64_t>;
using HalfWord = std::atomic<uint32_t>;

// Pools (engines) of an app; connections of further ones are pooled, not seen. Entry 0: those.
inline constexpr size_t kMaxPools = 16;
inline constexpr uint32_t kPoolOther = 0;
// Connections of one worker that are seen.
inline constexpr size_t kMaxConnections = 256;
inline constexpr size_t kMaxLeaks = 16;
inline constexpr size_t kMaxSlowQueries = 16;
// Frames kept of a stack, innermost first. SQLAlchemy's own, up to a dozen of them, are left out
// when it is shown: 16 of the app remain.
inline constexpr size_t kStackFrames = 32;
// Servers that a pool may connect to: the first is its own, others are its fallbacks.
inline constexpr size_t kMaxTargets = 4;

// Who asks for a connection.
enum class PoolLane : uint32_t {
  kRequest = 0,
  kTask = 1,  // outside any request, in a worker that serves some
};
inline constexpr size_t kPoolLanes = 2;

enum class BreakerState : uint32_t { kClosed = 0, kOpen = 1, kHalfOpen = 2 };

// One server of a pool.
struct PoolTarget {
  HalfWord used;      // 1: the rest is written
  HalfWord breaker;   // BreakerState
  HalfWord readonly;  // 1: a replica, for work declared read-only
  HalfWord connections;
  Word open_until_ns;         // monotonic: when the breaker lets the next try through
  Word unavailable_since_ns;  // monotonic; 0: it is available
  Word connects;
  Word failures;
  Word connect_sum_ns;
  char name[96];        // host:port, or file
  char last_error[96];  // class and number of the newest failure, never its text: "OperationalError
                        // 2003"
};

// What a pool has done, as counters. X(name, meaning): the name is that of JSON fields and metrics.
// clang-format off
#define STIRBAR_POOL_COUNTERS(X)                                                                  \
  X(checkouts, "Connections given to requests")                                                   \
  X(task_checkouts, "Connections given to tasks: outside any request")                            \
  X(wait_ns, "Time that checkouts have waited")                                                   \
  X(hold_ns, "Time that connections were held, counted when they come back")                      \
  X(created, "Connections opened")                                                                \
  X(connect_failures, "Connections that could not be opened")                                     \
  X(closed, "Connections closed, for whatever reason")                                            \
  X(expired, "Of the closed ones: past their lifetime")                                           \
  X(idle_closed, "Of the closed ones: nobody had used them for too long")                         \
  X(invalidated, "Of the closed ones: broken")                                                    \
  X(pings, "Idle connections asked whether they still live")                                      \
  X(ping_failures, "Of those: they did not")                                                      \
  X(timeouts, "Checkouts that waited until their deadline")                                       \
  X(refused_full, "Checkouts refused because too many waited already")                            \
  X(refused_throttled, "Checkouts of low priority refused because the pool was nearly full")      \
  X(refused_unavailable, "Checkouts refused because the database cannot be reached")              \
  X(leaks_suspect, "Connections held for longer than pool_leak_threshold")                        \
  X(leaks_confirmed, "Connections still held when their request or task had ended")               \
  X(leaks_collected, "Connections that only the garbage collector gave back")                     \
  X(leaks_returned, "Suspect or confirmed ones that came back by themselves")                     \
  X(leaks_reclaimed, "Confirmed ones that Stirbar took back")
// clang-format on

enum class PoolCounter : uint32_t {
#define STIRBAR_POOL_COUNTER(name, meaning) name,
  STIRBAR_POOL_COUNTERS(STIRBAR_POOL_COUNTER)
#undef STIRBAR_POOL_COUNTER
};

struct PoolCounterSpec {
  PoolCounter counter;
  const char* name;
  const char* meaning;
};

inline constexpr std::array kPoolCounterSpecs{
#define STIRBAR_POOL_COUNTER_SPEC(name, meaning) PoolCounterSpec{PoolCounter::name, #name, meaning},
    STIRBAR_POOL_COUNTERS(STIRBAR_POOL_COUNTER_SPEC)
#undef STIRBAR_POOL_COUNTER_SPEC
};
inline constexpr size_t kPoolCounters = kPoolCounterSpecs.size();

// One pool of one worker. Written with the interpreter lock held.
struct PoolStats {
  // What it may do.
  HalfWord used;          // 1: this worker has such a pool
  HalfWord fair;          // 1: Stirbar's own class; 0: another, of which only holds are known
  HalfWord size;          // 0: unlimited
  HalfWord max_overflow;  // UINT32_MAX: unlimited
  Word timeout_ns;
  Word lifetime_ns;  // 0: unlimited
  // What it does. Its connections: idle + active + connecting.
  HalfWord idle;
  HalfWord active;
  HalfWord connecting;
  HalfWord throttled;                        // 1: refuses low-priority checkouts now
  std::array<HalfWord, kPoolLanes> waiting;  // by PoolLane
  Word oldest_wait_since_ns;                 // monotonic; 0: nobody waits
  // What it did.
  std::array<Word, kPoolCounters> counters;  // by PoolCounter
  Word wait_max_ns;
  Word hold_max_ns;
  std::array<PoolTarget, kMaxTargets> targets;
  std::array<HalfWord, kHistogramBuckets> wait_histogram;  // of checkouts, those without a wait too
};

enum class ConnectionState : uint32_t { kFree = 0, kConnecting = 1, kIdle = 2, kActive = 3 };

enum class LeakKind : uint32_t {
  kNone = 0,
  kSuspect = 1,    // held longer than pool_leak_threshold
  kConfirmed = 2,  // its request or task has ended
  kCollected = 3,  // given back by the garbage collector
};

// How the holder took it: what to look for in the code.
enum class HolderKind : uint32_t {
  kUnknown = 0,
  kRaw = 1,           // engine.raw_connection()
  kConnection = 2,    // engine.connect(), engine.begin()
  kSession = 3,       // an ORM session
  kFlaskSession = 4,  // Flask-SQLAlchemy's scoped session
};

struct StackEntry {
  Word code;         // address of the code object; 0: the stack ends before
  Word instruction;  // byte offset of the instruction in its code
};

// One open connection. Free when `state` is kFree. Single words by the owner with the interpreter
// lock held; the fields below `sequence` are written while it is odd.
struct Connection {
  HalfWord state;             // ConnectionState
  HalfWord leak;              // LeakKind
  Word transaction_since_ns;  // monotonic; 0: none open
  HalfWord statements;        // since its checkout
  HalfWord target;            // index in PoolStats::targets
  Word sequence;
  Word number;  // unique in this worker
  Word created_ns;
  Word since_ns;            // of the state
  Word request_started_ns;  // with `in_flight` names the request that took it; 0: none did
  HalfWord pool;
  HalfWord in_flight;  // kMaxInFlight: no request took it
  HalfWord route;
  HalfWord thread;  // native id
  HalfWord lane;    // PoolLane
  HalfWord reserved;
  std::array<StackEntry, kStackFrames> stack;
  uint8_t padding[40];
};
static_assert(sizeof(Connection) == 640);

// Record n lies at n % kMaxLeaks.
struct LeakRecord {
  Word sequence;  // 0 while it is written; then its number + 1
  uint64_t wall_ns;
  uint64_t connection;  // Connection::number
  uint64_t held_ns;
  uint32_t pool;
  uint32_t route;
  uint32_t thread;
  uint32_t kind;    // LeakKind
  uint32_t holder;  // HolderKind
  uint32_t statements;
  uint32_t reclaimed;  // 0: left alone, 1: rolled back and returned, 2: invalidated
  uint32_t reserved;
  struct Entry {
    uint64_t code;
    uint64_t instruction;
  };
  std::array<Entry, kStackFrames> stack;
};

// A statement that took longer than slow_query_threshold. Record n lies at n % kMaxSlowQueries.
struct SlowQuery {
  Word sequence;  // 0 while it is written; then its number + 1
  uint64_t wall_ns;
  uint64_t duration_ns;
  uint32_t pool;
  uint32_t route;
  char text[240];  // without its literals, cut with "..." at the end
};

struct WorkerPools {
  std::array<PoolStats, kMaxPools> pools;
  Word next_leak;                // records written to `leaks`
  Word next_slow_query;          // records written to `slow_queries`
  HalfWord connection_overflow;  // connections that found no free place
  HalfWord reserved;
  std::array<LeakRecord, kMaxLeaks> leaks;
  std::array<SlowQuery, kMaxSlowQueries> slow_queries;
  alignas(64) std::array<Connection, kMaxConnections> connections;
};

// Of a pool in all buried workers.
struct PoolTotals {
  std::array<uint64_t, kPoolCounters> counters;
  uint64_t wait_max_ns;
  uint64_t hold_max_ns;
  HistogramCounts wait_histogram;
};

}  // namespace stirbar

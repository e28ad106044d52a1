// One pool of connections in this process: who gets one (pool_queue.h), which records of SQLAlchemy
// they are, and its figures in the segment. Without methods for Python: those are pool_type.cc's.
//
// Threads: all with the interpreter lock held, which no function gives up. None runs Python code in
// the middle of a change: the garbage collector may return a connection at any allocation, also
// within a checkout of the same thread, and so no lock is needed, and none would do.
// Owns: references to the records of idle connections. One that is out is its holder's alone, who
// may lose it (an asynchronous exception right after _do_get): its token tells, see below.
#pragma once

#include <Python.h>
// First, because CPython asks for it.

#include <array>
#include <memory>
#include <string>
#include <unordered_map>

#include "probe/connection_book.h"
#include "probe/pool_queue.h"
#include "probe/pool_upkeep.h"
#include "probe/probe.h"

namespace stirbar {

class PoolCore;

// Lies in the __dict__ of a record, and so dies with it. A record that dies while it is out was
// lost: its place in the pool becomes free at that moment.
struct PoolToken {
  PyObject_HEAD PoolCore* core;
  struct PoolEntry* entry;  // null: it is not of a pool any more
  uint32_t epoch;           // of the process that made it (Probe::Epoch)
};

// A connection, or the place of one that is broken and will be opened again by the next holder.
struct PoolEntry : PooledConnection {
  PyObject* record = nullptr;  // owned while idle, else borrowed
  PoolToken* token = nullptr;  // borrowed
  uint32_t book = kNoRecord;
  uint32_t target = 0;
  bool open = false;
  UpkeepTimes times;
};

class PoolCore {
 public:
  PoolCore() : queue_(PoolLimits{}) {}

  PoolQueue& queue() { return queue_; }
  PoolStats* stats() const { return stats_; }
  // In the segment; kPoolOther while there is none.
  uint32_t pool() const { return pool_; }
  const std::string& name() const { return name_; }
  void SetName(const std::string& name);
  void SetTimeout(uint64_t timeout_ns);
  void SetLimits(const PoolLimits& limits);
  void SetLifetime(uint64_t lifetime_ns);

  // To be called first by whatever is done with a pool: after a fork it is empty, in another
  // segment its figures begin anew.
  void Follow() {
    if (epoch_ != Probe::Epoch() || attachment_ != Probe::Current()) [[unlikely]]
      FollowSlowly();
  }
  uint32_t epoch() const { return epoch_; }

  // Null: `record` is none of this pool's.
  PoolEntry* Find(PyObject* record) const {
    const auto found = entries_.find(record);
    return found != entries_.end() ? found->second.get() : nullptr;
  }
  // Makes a place for a record that is new here. Null with an exception: out of memory.
  PoolEntry* Add(PyObject* record);
  // It is not of the pool any more. Grants. Its reference to an idle record goes to the caller.
  void Erase(PoolEntry* entry);
  // Of a record that died while it was out.
  void Lose(PoolEntry* entry);
  // Lets those die that nobody but the book refers to (connection_book.h keeps what is held). To be
  // called now and then.
  void FindLost();

  // The record's connection is being opened, is open, is closed.
  void NoteConnecting(PoolEntry* entry);
  void NoteOpened(PoolEntry* entry, uint32_t target);
  void NoteClosed(PoolEntry* entry);

  // Of an active one that is given to `lane`, and of one that comes back.
  void NoteCheckout(PoolEntry* entry, PoolLane lane, uint64_t waited_ns);
  void NoteCheckin(PoolEntry* entry);

  void Count(PoolCounter counter, uint64_t more = 1);
  // Copies what the pool does now to the segment.
  void Publish();
  // Detaches all, before the pool is freed; the references to idle records go one by one.
  void Close();

  template <typename Function>
  void ForEachIdle(Function function) {
    for (PooledConnection* at = queue_.oldest_idle(); at != nullptr; at = at->next) {
      function(*static_cast<PoolEntry*>(at));
    }
  }

  // A checkout pings one that has been idle for so long; UINT64_MAX: none.
  uint64_t ping_after_ns = UINT64_MAX;
  UpkeepLimits upkeep;
  uint64_t linger_ns = 0;
  uint64_t lifetime_ns = 0;
  uint64_t timeout_ns = 0;  // 0: waits for ever
  SurplusMeter surplus;

 private:
  struct Shown {
    uint32_t idle = 0;
    uint32_t active = 0;
    uint32_t connecting = 0;
    std::array<uint32_t, kPoolLanes> waiting{};
  };

  void FollowSlowly();
  void PublishLimits();
  void Show(const Shown& now);

  PoolQueue queue_;
  std::unordered_map<PyObject*, std::unique_ptr<PoolEntry>> entries_;
  std::string name_ = "pool";
  bool connects_ = false;  // has ever: only then it gets a place in the segment, of which few are
  uint32_t epoch_ = Probe::Epoch();
  Attachment* attachment_ = nullptr;
  uint32_t pool_ = kPoolOther;
  PoolStats* stats_ = nullptr;
  // What this pool has added to the segment. Not stored but added up: a pool that was replaced
  // (engine.dispose()) and the one that came after it share the place.
  Shown shown_;
};

// Makes the type of tokens. False with an exception.
bool InitialisePoolToken();

}  // namespace stirbar

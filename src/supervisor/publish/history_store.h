// The history of the supervisor: a thread that writes it, and a reader for the pages.
//
// Why a thread: a disk may take seconds (it sleeps, it is remote, it is full), and the event loop
// has 100 ms. It gives what it has to a bounded queue and never waits; the thread writes every ten
// seconds in one transaction, because one of ten rows costs as much as one of one row. A kill so
// loses at most the newest ten seconds of figures, and records of the newest second.
//
// Why no thread for reading: a chart of 30 days takes 15 ms of CPU, the most that one may ask for
// 47 ms (benchmarks/history_store.py); the page asks when its reader does something, and a query is
// ended after kReadLimitMs.
//
// What goes wrong                          what happens
//   the disk is full, or fails             a problem; 15 minutes are kept in memory and written
//   when
//                                          there is room again; what is older is counted and
//                                          dropped
//   the file is damaged, or not ours       it is renamed to PATH.corrupt-TIME, a new one is made; a
//                                          problem for ten minutes
//   a newer version has made the file      the same, PATH.newer-TIME
//   another supervisor writes it           no history here, until the other has ended
//   the default folder cannot be made      no history; said once
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "supervisor/publish/event_publisher.h"
#include "supervisor/publish/history_intake.h"
#include "supervisor/publish/history_reader.h"
#include "supervisor/supervisor.h"

namespace stirbar {

inline constexpr uint64_t kReadLimitMs = 150;  // of CPU

struct HistoryOptions {
  std::string path;         // empty: there is no history
  bool is_default = false;  // nobody has asked for this path: what cannot be made is no problem
};

// Threads: all calls from the event loop's; one thread of its own. Time: never waits, but for
// Records() and Reader() users, who read the file.
// Owns: the thread, the lock on PATH.lock; the destructor writes what is left, and gives a disk
// that does not answer 3 s.
class HistoryStore : public Publisher, public RecordSink, public RecordSource {
 public:
  HistoryStore(HistoryOptions options, LogLine log);
  ~HistoryStore() override;

  void Publish(const std::shared_ptr<const Snapshot>& snapshot) override;
  void Record(const HistoryRecord& record) override;
  std::vector<HistoryRecord> Records(const RecordQuery& query) const override;

  // How it is, for the snapshot.
  HistorySample State() const;

  // To read with; null: there is nothing to read, and `why` says why. Valid until the next call.
  HistoryReader* Reader(std::string* why) const;

 private:
  class Thread;

  void Say();

  const HistoryOptions options_;
  const LogLine log_;
  HistoryIntake intake_;
  std::shared_ptr<Thread> thread_;  // null: off
  int64_t last_interval_ = 0;       // of ten seconds, that has been handed over
  mutable std::unique_ptr<HistoryReader> reader_;
  mutable uint64_t reader_generation_ = 0;
};

}  // namespace stirbar

// Writes the history: figures, what they are rolled up to, records, and what is to be forgotten.
//
// A roll-up reads the finer rows back from the file, in the transaction that adds the newest of
// them, instead of being kept in memory: so it survives a kill, a restart goes on in the middle of
// an interval, and what was missed while nobody ran is made up for. It costs ten rows every ten
// seconds.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/publish/history_figures.h"
#include "supervisor/publish/history_levels.h"
#include "supervisor/publish/sqlite.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Figures of one second.
struct HistorySecond {
  int64_t time = 0;        // seconds since 1970
  std::string metrics;     // PackMetrics()
  std::string histograms;  // PackHistograms()
};

// One route over one minute.
struct RoutePoint {
  int64_t time = 0;  // where the minute begins
  std::string label;
  uint64_t requests = 0;
  uint64_t errors = 0;
  uint64_t nanoseconds = 0;  // durations, added up
  std::string histogram;     // PackHistograms() of one
};

struct StoredRecord {
  HistoryRecord record;
  std::string source;  // the same event is stored once; empty: not an event
};

struct HistoryBatch {
  std::vector<HistorySecond> points;
  std::vector<RoutePoint> routes;
  std::vector<StoredRecord> records;

  bool empty() const { return points.empty() && routes.empty() && records.empty(); }
};

struct HistoryLimits {
  uint64_t bytes = 256'000'000;
  uint64_t days = 400;
};

// Threads: one. Time: as long as the disk takes. Failure: the database's failure() is set, nothing
// of the call has been written, and the same may be tried again after ClearFailure().
// Borrows the database, which must live longer.
class HistoryWriter {
 public:
  // `now`: seconds since 1970.
  HistoryWriter(Database& database, int64_t now);

  // One transaction. A second that is there already is written anew: the clock was set back.
  void Write(const HistoryBatch& batch);

  // Forgets what is too old or too much, a little at a time, so that a clock that is wrong for a
  // minute costs no more than twice what a minute brings.
  void Tidy(int64_t now, const HistoryLimits& limits);

  // Of the file, without its log.
  uint64_t Bytes();

 private:
  // Where each level goes on.
  using RolledUntil = std::array<int64_t, kLevels>;
  using RoutesUntil = std::array<int64_t, kRouteLevels.size()>;

  void WritePoints(const std::vector<HistorySecond>& points, RolledUntil* until);
  void WriteRoutes(const std::vector<RoutePoint>& routes, RoutesUntil* until);
  void WriteRecords(const std::vector<StoredRecord>& records);
  void RollUp(size_t level, RolledUntil* until);
  void RollUpRoutes(size_t level, int64_t from, int64_t until);
  int64_t RouteId(const std::string& label);
  void ForgetOld(int64_t now, const HistoryLimits& limits);
  void ForgetMost();

  Database& database_;
  int64_t layout_ = 0;
  std::map<int64_t, LayoutColumns> layouts_;
  RolledUntil rolled_until_{};
  RoutesUntil routes_rolled_until_{};
  int64_t last_time_ = 0;
  std::array<Statement, kLevels> insert_;
  std::array<Statement, kLevels> read_;
  Statement insert_record_;
  Statement insert_route_;
  Statement find_route_;
  Statement insert_route_minute_;
};

}  // namespace stirbar

// Who came in and who was refused, as lines of the log; everything goes on to the history.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "supervisor/records.h"

namespace stirbar {

// Refusals that are told within a minute; further ones are counted, so that who guesses tokens
// fills neither the log nor the history.
inline constexpr uint64_t kAuditPerMinute = 30;

// Threads: one. Borrows the history, which must live longer.
class AuditLog : public RecordSink {
 public:
  using LogLine = std::function<void(Severity, const std::string&)>;
  using Clock = std::function<uint64_t()>;  // monotonic nanoseconds

  AuditLog(RecordSink& history, LogLine log, Clock clock)
      : history_(history), log_(std::move(log)), clock_(std::move(clock)) {}

  void Record(const HistoryRecord& record) override;

 private:
  bool MayTell();

  RecordSink& history_;
  const LogLine log_;
  const Clock clock_;
  uint64_t minute_began_ns_ = 0;
  uint64_t told_ = 0;    // refusals of this minute
  uint64_t untold_ = 0;  // beyond kAuditPerMinute
};

}  // namespace stirbar

// Alerting put together: the book of alerts, the outbox, the history, and what people do.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/publish/alert_book.h"
#include "supervisor/publish/outbox.h"
#include "supervisor/supervisor.h"

namespace stirbar {

struct AlertDeskOptions {
  OutboxOptions outbox;
  std::vector<OutboxSink> sinks;
  RecordSink* history = nullptr;  // must live longer
  std::function<void(Severity, const std::string&)> log;
};

// The way of one piece of news to one sink, for showing.
struct AlertWay {
  std::string sink;
  NewsKind news = NewsKind::kFiring;
  Delivery::Outcome outcome = Delivery::Outcome::kWaiting;
  uint64_t wall_ns = 0;  // when it ended; 0: it waits
  uint64_t number = 0;   // of the message
};

// Threads: the loop's. Time: microseconds; what blocks is the outbox's threads'.
class AlertDesk : public Publisher {
 public:
  explicit AlertDesk(AlertDeskOptions options);

  // Observes and tells. The first snapshots of a supervisor may lack findings that an earlier one
  // knew: see kRestoredGraceNs.
  void Publish(const std::shared_ptr<const Snapshot>& snapshot) override;
  // What is a part of every snapshot.
  AlertingSample Sample(uint64_t wall_ns) const;

  // What people do; kept on disk and in the history. Failure: says why.
  Result<Silence> AddSilence(Silence silence, uint64_t wall_ns);
  Result<bool> ExpireSilence(const std::string& id, const std::string& actor, uint64_t wall_ns);
  // Empty `comment` is allowed. `undo`: takes it back.
  enum class Ack : uint8_t { kSet, kUndo };
  Result<bool> Acknowledge(const std::string& id, Ack ack, const std::string& actor,
                           const std::string& comment, uint64_t wall_ns);
  // A message to `sink`, or to all for an empty one; returns their names.
  Result<std::vector<std::string>> Test(const std::string& sink, const std::string& actor,
                                        uint64_t wall_ns);

  const AlertBook& book() const { return book_; }
  // Of one episode; oldest first.
  std::vector<AlertWay> WaysOf(const std::string& id) const;

 private:
  void Note(const AlertChange& change);
  void NoteDeliveries();
  void Record(Severity severity, std::string name, std::string actor, std::string text);
  void Commit(std::vector<AlertNotice> notices, const std::string& only = "");
  void NoteWay(const Delivery& delivery);

  RecordSink* const history_;
  const std::function<void(Severity, const std::string&)> log_;
  const std::vector<std::string> sink_names_;
  Outbox outbox_;
  AlertBook book_;
  std::map<std::string, std::vector<AlertWay>> ways_;  // by id of the episode
  std::string app_;
  std::string url_;
  std::string trouble_;  // of the outbox, as it was logged last
  uint64_t committed_revision_ = 0;
};

}  // namespace stirbar

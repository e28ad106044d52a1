// What is to be told, until it has been told: a queue for each sink, kept on disk.
//
// What is promised, and what not:
//   * In order, for each sink: a message is not sent before the one before it has been taken, or
//     given up for good. A sink that is down holds up nobody but itself.
//   * At least once, with a key that stays the same. A message is on disk (fdatasync) before it is
//     sent for the first time, so that nothing is forgotten and no key is used for two messages;
//     each attempt is noted before it begins, and its success when it has ended. A supervisor that
//     is killed between the receiver's answer and that note sends the message again: a receiver
//     that drops keys it has had gets it exactly once, and one that cannot (e-mail, a chat) gets it
//     twice in that case alone.
//   * Bounded: kMostMessages or kMostOutboxBytes over all sinks. Beyond that, of the longest queue,
//     alerts that have come and gone collapse first, then the oldest message goes. The next message
//     that the sink takes says how many are missing.
//   * A disk that takes nothing: it all goes on in memory, and `outbox_trouble` says so; what waits
//     is written when the disk takes it again (tried every 5 s).
//
// Threads: the loop's; Commit() only hands over. One thread writes, and one for each sink sends;
// they touch nothing but what is behind a mutex that is never held over a wait. The destructor
// gives them 0.3 s; one that does not end by then is left to itself and ends with the process.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/publish/alert_sink.h"
#include "supervisor/publish/outbox_queue.h"
#include "supervisor/supervisor.h"

namespace stirbar {

struct OutboxSink {
  SinkOptions options;
  std::unique_ptr<AlertSink> sink;
};

struct OutboxOptions {
  std::string folder;  // empty: nothing is kept on disk
  std::string name;    // of the app
  size_t most_messages = kMostMessages;
  size_t most_bytes = kMostOutboxBytes;
};

// The end of a message's way to one sink.
struct Delivery {
  enum class Outcome : uint8_t { kWaiting, kDelivered, kRefused, kDropped };
  std::string sink;
  Outcome outcome = Outcome::kWaiting;
  uint64_t wall_ns = 0;
  std::string error;  // of one that was refused
  std::shared_ptr<const AlertNotice> notice;
};
std::string_view Name(Delivery::Outcome outcome);  // waiting, delivered, refused, dropped

class Outbox {
 public:
  // Reads what the last supervisor left, and goes on with it.
  Outbox(OutboxOptions options, std::vector<OutboxSink> sinks);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // The state of the newest Commit() of the last supervisor; empty: there was none.
  const boost::json::object& restored() const { return restored_; }
  // What went wrong at the start, for the log; empty: nothing.
  const std::string& remark() const { return remark_; }

  // Keeps `state` and sends each of `notices` to the sinks that want it (of the news in it, what
  // they want), or to `only`. The notices get their numbers and keys here; returns them so.
  std::vector<AlertNotice> Commit(boost::json::object state, std::vector<AlertNotice> notices,
                                  const std::string& only = "");
  // What fires and has been told, for sinks that say it again.
  void SetFiring(std::vector<AlertNews> firing);

  // Fills in what of `sample` the outbox knows.
  void Fill(AlertingSample* sample) const;
  // What has begun to wait or has ended since the last call, oldest first. At the first call also
  // what waits from before.
  std::vector<Delivery> TakeDeliveries();
  // Waits until nothing waits any more, but no longer than `limit`; for tests.
  bool WaitUntilEmpty(std::chrono::milliseconds limit) const;

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
  boost::json::object restored_;
  std::string remark_;
};

}  // namespace stirbar

// The lines of the outbox's journal: what each says, and what all of them together leave.
//
//   {"outbox": {"version", "next"}}                                    a rewrite begins
//   {"step": {"state", "notices": [{..., "to": [sinks], "attempts"}]}}  a Commit()
//   {"try" or "done": {"sink", "number"}}      an attempt begins; a message's way has ended
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <vector>

#include "supervisor/publish/outbox_queue.h"

namespace stirbar {

// A message that waits for the sink `sink`.
struct WaitingMessage {
  std::string sink;
  OutboxMessage message;
};

std::string HeadRecord(uint64_t next_number);
// `state` is JSON.
std::string StateRecord(const std::string& state);
std::string MessageRecord(const std::string& sink, const OutboxMessage& message);
std::string StepRecord(const boost::json::object& state,
                       const std::vector<WaitingMessage>& messages);
std::string TryRecord(const std::string& sink, uint64_t number);
std::string DoneRecord(const std::string& sink, uint64_t number);

struct OutboxRecovery {
  uint64_t next_number = 1;
  boost::json::object state;                  // of the newest step that has one
  std::map<std::string, OutboxQueue> queues;  // by the sink's name
};

// What `records`, oldest first, leave. What is no record is left out.
OutboxRecovery RecoverOutbox(const std::vector<std::string>& records);

}  // namespace stirbar

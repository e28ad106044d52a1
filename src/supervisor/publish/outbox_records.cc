#include "supervisor/publish/outbox_records.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "supervisor/publish/alert_fields.h"

namespace stirbar {
namespace {

namespace json = boost::json;

json::object NoticeRecord(const std::string& sink, const OutboxMessage& message) {
  json::object record = ToJson(*message.notice);
  record["to"] = json::array{json::string(sink)};
  if (message.attempts > 0) record["attempts"] = message.attempts;
  return record;
}

std::string Mark(const char* what, const std::string& sink, uint64_t number) {
  const json::object mark{{"sink", sink}, {"number", number}};
  return json::serialize(json::object{{what, mark}});
}

void RecoverStep(const json::object& step, OutboxRecovery* found) {
  if (step.contains("state")) found->state = ObjectField(step, "state");
  for (const json::value& each : ArrayField(step, "notices")) {
    if (!each.is_object()) continue;
    const json::object& record = each.get_object();
    const auto notice = std::make_shared<const AlertNotice>(NoticeFromJson(record));
    found->next_number = std::max(found->next_number, notice->number + 1);
    for (const json::value& name : ArrayField(record, "to")) {
      if (!name.is_string()) continue;
      const auto attempts = static_cast<uint32_t>(CountField(record, "attempts"));
      found->queues[std::string(name.get_string())].push_back(
          {notice, attempts, json::serialize(record).size()});
    }
  }
}

// The message that `mark` names; null: it waits no more.
OutboxMessage* Marked(const json::object& mark, OutboxRecovery* found) {
  const auto queue = found->queues.find(TextField(mark, "sink"));
  if (queue == found->queues.end()) return nullptr;
  const uint64_t number = CountField(mark, "number");
  for (OutboxMessage& message : queue->second) {
    if (message.notice->number == number) return &message;
  }
  return nullptr;
}

}  // namespace

std::string HeadRecord(uint64_t next_number) {
  return json::serialize(
      json::object{{"outbox", json::object{{"version", 1}, {"next", next_number}}}});
}

std::string StateRecord(const std::string& state) { return R"({"step":{"state":)" + state + "}}"; }

std::string MessageRecord(const std::string& sink, const OutboxMessage& message) {
  json::array notices{NoticeRecord(sink, message)};
  return json::serialize(json::object{{"step", json::object{{"notices", std::move(notices)}}}});
}

std::string StepRecord(const json::object& state, const std::vector<WaitingMessage>& messages) {
  json::array notices;
  for (const WaitingMessage& each : messages) {
    notices.push_back(NoticeRecord(each.sink, each.message));
  }
  return json::serialize(
      json::object{{"step", json::object{{"state", state}, {"notices", std::move(notices)}}}});
}

std::string TryRecord(const std::string& sink, uint64_t number) {
  return Mark("try", sink, number);
}

std::string DoneRecord(const std::string& sink, uint64_t number) {
  return Mark("done", sink, number);
}

OutboxRecovery RecoverOutbox(const std::vector<std::string>& records) {
  OutboxRecovery found;
  for (const std::string& text : records) {
    boost::system::error_code code;
    const json::value value = json::parse(text, code);
    if (code || !value.is_object()) continue;
    const json::object& record = value.get_object();
    const json::object& head = ObjectField(record, "outbox");
    if (!head.empty()) {
      found.next_number = std::max(found.next_number, CountField(head, "next"));
    }
    RecoverStep(ObjectField(record, "step"), &found);
    if (OutboxMessage* const tried = Marked(ObjectField(record, "try"), &found)) {
      ++tried->attempts;
    }
    const json::object& done = ObjectField(record, "done");
    if (const OutboxMessage* const ended = Marked(done, &found)) {
      OutboxQueue& queue = found.queues[TextField(done, "sink")];
      queue.erase(std::find_if(queue.begin(), queue.end(),
                               [&](const OutboxMessage& each) { return &each == ended; }));
    }
  }
  return found;
}

}  // namespace stirbar

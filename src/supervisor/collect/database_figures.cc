#include "supervisor/collect/database_figures.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"

namespace stirbar {
namespace {

constexpr Nanoseconds kMinute{60'000'000'000};

uint64_t Number(const std::map<std::string, std::string>& values, const char* name) {
  const auto found = values.find(name);
  uint64_t number = 0;
  if (found == values.end()) return 0;
  const std::string& text = found->second;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

uint32_t SmallNumber(const std::map<std::string, std::string>& values, const char* name) {
  return static_cast<uint32_t>(std::min<uint64_t>(Number(values, name), UINT32_MAX));
}

bool IsOn(const std::map<std::string, std::string>& values, const char* name) {
  const auto found = values.find(name);
  return found != values.end() && found->second != "OFF" && found->second != "0";
}

double Rate(uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : kNotMeasured;
}

}  // namespace

void DatabaseFigures::Add(const DatabaseRound& round, DatabaseServerSample* sample) {
  sample->version = round.version;
  sample->answer_seconds = round.answer_seconds;
  sample->uptime_seconds = Number(round.status, "uptime");
  sample->connections = SmallNumber(round.status, "threads_connected");
  sample->connections_max_used = SmallNumber(round.status, "max_used_connections");
  sample->max_connections = SmallNumber(round.variables, "max_connections");
  sample->threads_running = SmallNumber(round.status, "threads_running");
  sample->wait_timeout_seconds = SmallNumber(round.variables, "wait_timeout");
  sample->aborted_clients = Number(round.status, "aborted_clients");
  sample->aborted_connects = Number(round.status, "aborted_connects");
  sample->slow_queries = Number(round.status, "slow_queries");
  sample->lock_waits_now = SmallNumber(round.status, "innodb_row_lock_current_waits");
  sample->is_replica = round.is_replica;
  sample->replica_lag_seconds = round.replica_lag_seconds;
  sample->read_only =
      IsOn(round.variables, "read_only") || IsOn(round.variables, "super_read_only");
  sample->long_running = round.long_running;

  const Counters now = CountersOf(round);
  if (!minute_.empty() && !Continues(minute_.back(), now)) minute_.clear();
  while (minute_.size() > 1 && AgeOf(minute_[1].asked_ns, now.asked_ns) >= kMinute) {
    minute_.pop_front();
  }
  // Against itself where it is the first: nothing is measured.
  const Counters& last = minute_.empty() ? now : minute_.back();
  const Counters& first = minute_.empty() ? now : minute_.front();
  const double seconds = Seconds(AgeOf(last.asked_ns, now.asked_ns));
  const uint64_t questions = now.questions - last.questions;
  const uint64_t own = std::min(now.own_statements - last.own_statements, questions);
  sample->queries_per_second = Rate(questions - own, seconds);
  sample->slow_queries_per_second = Rate(now.slow_queries - last.slow_queries, seconds);
  sample->lock_waits_per_second = Rate(now.lock_waits - last.lock_waits, seconds);
  const uint64_t waits = now.lock_waits - first.lock_waits;
  sample->lock_wait_mean_seconds =
      waits > 0 ? static_cast<double>(now.lock_wait_ms - first.lock_wait_ms) / 1000 /
                      static_cast<double>(waits)
                : kNotMeasured;
  const uint64_t requests = now.page_requests - first.page_requests;
  const uint64_t reads = std::min(now.page_reads - first.page_reads, requests);
  sample->buffer_pool_hit_ratio =
      requests > 0 ? 1 - static_cast<double>(reads) / static_cast<double>(requests) : kNotMeasured;
  minute_.push_back(now);
}

DatabaseFigures::Counters DatabaseFigures::CountersOf(const DatabaseRound& round) {
  return {
      .asked_ns = round.asked_ns,
      .uptime_seconds = Number(round.status, "uptime"),
      .questions = Number(round.status, "questions"),
      .own_statements = round.own_statements,
      .slow_queries = Number(round.status, "slow_queries"),
      .lock_waits = Number(round.status, "innodb_row_lock_waits"),
      .lock_wait_ms = Number(round.status, "innodb_row_lock_time"),
      .page_requests = Number(round.status, "innodb_buffer_pool_read_requests"),
      .page_reads = Number(round.status, "innodb_buffer_pool_reads"),
  };
}

bool DatabaseFigures::Continues(const Counters& then, const Counters& now) {
  const double elapsed = Seconds(AgeOf(then.asked_ns, now.asked_ns));
  const auto uptime = static_cast<double>(now.uptime_seconds);
  // Both uptimes are cut to whole seconds.
  return uptime + 2 > static_cast<double>(then.uptime_seconds) + elapsed &&
         now.questions >= then.questions && now.slow_queries >= then.slow_queries &&
         now.lock_waits >= then.lock_waits && now.lock_wait_ms >= then.lock_wait_ms &&
         now.page_requests >= then.page_requests && now.page_reads >= then.page_reads;
}

}  // namespace stirbar

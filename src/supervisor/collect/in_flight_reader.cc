#include "supervisor/collect/in_flight_reader.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace stirbar {
namespace {

double SecondsSince(uint64_t then_ns, uint64_t now_ns) {
  return then_ns == 0 ? 0 : Seconds(AgeOf(then_ns, now_ns));
}

// Acquire, as all loads of a request: the look at `started_ns` that ends them stays behind them.
template <typename Number>
Number Load(const std::atomic<Number>& word) {
  return word.load(std::memory_order_acquire);
}

template <typename Value>
Value Checked(const HalfWord& word, Value highest, Value otherwise) {
  const uint32_t value = Load(word);
  return value <= static_cast<uint32_t>(highest) ? static_cast<Value>(value) : otherwise;
}

}  // namespace

std::string ClientText(const std::array<uint64_t, 2>& words) {
  if (words[0] == 0 && words[1] == 0) return "";
  in6_addr address{};
  static_assert(sizeof address == sizeof words);
  std::memcpy(&address, words.data(), sizeof address);
  char text[INET6_ADDRSTRLEN] = "";
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof text);
  } else {
    inet_ntop(AF_INET6, &address, text, sizeof text);
  }
  return text;
}

namespace {

// The worker adds a statement or a call to its part when it ends. One that hangs never does, and
// is what matters most: it counts with its age so far.
void AddRunning(InFlightSample* seen) {
  std::optional<Part> part;
  if (seen->activity == Activity::kSql) part = Part::kSql;
  if (seen->activity == Activity::kRedis) part = Part::kRedis;
  if (seen->activity == Activity::kHttp) part = Part::kHttp;
  if (!part) return;
  seen->part_seconds[static_cast<size_t>(*part)] += seen->activity_seconds;
  ++seen->part_calls[static_cast<size_t>(*part)];
}

}  // namespace

std::optional<InFlightSample> ReadInFlight(const InFlight& request, uint64_t now_ns) {
  // Looked at before a sample is made: hundreds of free places for each one that is in use.
  const uint64_t started_ns = Load(request.started_ns);
  if (started_ns == 0) return std::nullopt;
  InFlightSample seen;
  seen.started_ns = started_ns;
  seen.age_seconds = SecondsSince(seen.started_ns, now_ns);
  seen.thread = Load(request.thread);
  seen.python_thread = Load(request.python_thread);
  seen.route = Load(request.route);
  seen.method = Checked(request.method, HttpMethod::kOptions, HttpMethod::kOther);
  seen.phase = Checked(request.phase, RequestPhase::kStreaming, RequestPhase::kRouting);
  seen.phase_age_seconds = SecondsSince(Load(request.phase_since_ns), now_ns);
  seen.queue_source = Checked(request.queue_source, QueueSource::kSocket, QueueSource::kNone);
  if (seen.queue_source != QueueSource::kNone) {
    seen.queue_seconds = Seconds(Nanoseconds(Load(request.queue_ns)));
  }
  seen.criticality = Checked(request.criticality, Criticality::kBackground, Criticality::kNormal);
  if (const uint64_t deadline = Load(request.deadline_ns); deadline != 0) {
    seen.deadline_seconds = Seconds(AgeOf(now_ns, deadline)) - Seconds(AgeOf(deadline, now_ns));
  }
  seen.limit_seconds = Seconds(Nanoseconds(Load(request.limit_ns)));
  seen.activity = Checked(request.activity, Activity::kCheckout, Activity::kApplication);
  seen.activity_seconds = SecondsSince(Load(request.activity_since_ns), now_ns);
  if (const uint64_t since = Load(request.connection_since_ns); since != 0) {
    seen.connection_seconds = SecondsSince(since, now_ns);
  }
  seen.client = ClientText({Load(request.client[0]), Load(request.client[1])});
  for (size_t part = 0; part < kParts; ++part) {
    seen.part_seconds[part] = Seconds(Nanoseconds(Load(request.parts_ns[part])));
    seen.part_calls[part] = Load(request.part_calls[part]);
  }
  AddRunning(&seen);
  seen.stuck = Load(request.stuck);
  if (request.started_ns.load(std::memory_order_relaxed) != seen.started_ns) return std::nullopt;
  return seen;
}

}  // namespace stirbar

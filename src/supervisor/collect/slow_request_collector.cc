#include "supervisor/collect/slow_request_collector.h"

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "segment/events.h"
#include "supervisor/collect/stuck_text.h"

namespace stirbar {
namespace {

constexpr size_t kKept = 100;
constexpr double kSampledFromSeconds = 1;
constexpr size_t kSampledWorkers = 8;
// A request that is not in flight any more has left its record by then: a worker writes that of a
// slow one at once, and that of the slowest of a minute when the minute is over. At most eight new
// stacks a second for so long: 2 MB.
constexpr uint64_t kForgetAfterNs = 90'000'000'000;

void Append(SlowRequestSample request, std::vector<SlowRequestSample>* requests) {
  if (requests->size() >= kKept) requests->erase(requests->begin());
  requests->push_back(std::move(request));
}

}  // namespace

SlowRequestCollector::SlowRequestCollector(Segment& segment, StackSource& stacks)
    : segment_(segment), stacks_(stacks), reader_(segment) {}

SlowRequestCollector::Key SlowRequestCollector::KeyOf(const InFlightSample& request) {
  return {request.slot, request.index, request.started_ns};
}

void SlowRequestCollector::Collect(const Tick& tick, Sample* sample) {
  FetchEnded(sample);
  for (const InFlightSample& request : sample->in_flight) {
    const auto note = notes_.find(KeyOf(request));
    if (note != notes_.end()) note->second.seen_ns = tick.now_ns;
  }
  const std::vector<const InFlightSample*> wanted = Wanted(tick, *sample);
  if (!wanted.empty()) ReadStacks(tick, wanted, *sample);
  for (const InFlightSample* const request : wanted) {
    if (IsNewlyStuck(*request, *sample)) Record(tick, *request, sample);
  }
  std::erase_if(notes_, [&](const auto& entry) {
    return AgeOf(entry.second.seen_ns, tick.now_ns) > Nanoseconds(kForgetAfterNs);
  });
}

void SlowRequestCollector::FetchEnded(Sample* sample) {
  for (const WorkerSample& worker : sample->workers) {
    for (FetchedRequest& fetched : reader_.Fetch(worker)) {
      SlowRequestSample& ended = fetched.sample;
      const Key key{worker.slot, fetched.in_flight, ended.started_ns};
      const auto note = notes_.find(key);
      if (note != notes_.end()) {
        ended.stack = note->second.stack;
        ended.stack_age_seconds = note->second.stack_age_seconds;
        ended.stack_quality = note->second.quality;
        ended.lock_holder = note->second.lock_holder;
        notes_.erase(note);
      }
      std::erase_if(sample->slow_requests, [&](const SlowRequestSample& other) {
        return other.running && other.slot == ended.slot && other.started_ns == ended.started_ns;
      });
      Append(std::move(ended), &sample->slow_requests);
    }
  }
}

bool SlowRequestCollector::IsNewlyStuck(const InFlightSample& request, const Sample& sample) const {
  if (IsStream(request) || request.age_seconds <= request.limit_seconds ||
      (request.stuck & kStuckRecorded) != 0 || sample.settings.stuck_request_record == kModeOff) {
    return false;
  }
  const auto note = notes_.find(KeyOf(request));
  return note == notes_.end() || !note->second.recorded;
}

std::vector<const InFlightSample*> SlowRequestCollector::Wanted(const Tick& tick,
                                                                const Sample& sample) {
  const double from = std::min(kSampledFromSeconds, sample.settings.slow_request_threshold);
  std::vector<std::pair<uint64_t, const InFlightSample*>> candidates;
  for (const InFlightSample& request : sample.in_flight) {
    if (IsStream(request)) continue;
    if (IsNewlyStuck(request, sample)) {
      candidates.emplace_back(0, &request);
    } else if (tick.full && request.age_seconds >= from) {
      const auto note = notes_.find(KeyOf(request));
      candidates.emplace_back(note != notes_.end() ? note->second.sampled_ns + 1 : 1, &request);
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // The stacks of one worker are read at once: it is workers that are counted.
  std::set<uint32_t> slots;
  std::vector<const InFlightSample*> wanted;
  for (const auto& [order, request] : candidates) {
    if (!slots.contains(request->slot) && slots.size() >= kSampledWorkers) continue;
    slots.insert(request->slot);
    wanted.push_back(request);
  }
  return wanted;
}

void SlowRequestCollector::ReadStacks(const Tick& tick,
                                      const std::vector<const InFlightSample*>& wanted,
                                      const Sample& sample) {
  std::set<uint32_t> slots;
  for (const InFlightSample* const request : wanted) {
    slots.insert(request->slot);
    Note& note = notes_[KeyOf(*request)];
    note.seen_ns = tick.now_ns;
    note.sampled_ns = tick.now_ns;
  }
  // All of these workers in one go, so that the pauses between reads are waited for once.
  Sample part;
  part.tick = sample.tick;
  for (const WorkerSample& worker : sample.workers) {
    if (slots.contains(worker.slot)) part.workers.push_back(worker);
  }
  for (const InFlightSample& request : sample.in_flight) {
    if (slots.contains(request.slot)) part.in_flight.push_back(request);
  }
  for (WorkerStacks& worker : stacks_.Read(part, std::nullopt)) {
    for (ThreadStack& thread : worker.threads) {
      if (!thread.request || thread.frames.empty()) continue;
      const auto note = notes_.find(KeyOf(*thread.request));
      if (note == notes_.end()) continue;
      note->second.stack = std::move(thread.frames);
      note->second.stack_age_seconds = thread.request->age_seconds;
      note->second.quality = thread.quality;
      note->second.lock_holder = worker.lock_holder;
    }
  }
}

void SlowRequestCollector::Record(const Tick& tick, const InFlightSample& request, Sample* sample) {
  if (request.slot >= kMaxWorkers || request.index >= kMaxInFlight) return;
  InFlight& shared = segment_.workers[request.slot].in_flight[request.index];
  if (shared.started_ns.load(std::memory_order_acquire) != request.started_ns) return;  // has ended
  shared.stuck.fetch_or(kStuckRecorded, std::memory_order_relaxed);
  Note& note = notes_[KeyOf(request)];
  note.recorded = true;

  SlowRequestSample stuck;
  stuck.wall_ns = tick.wall_ns;
  stuck.slot = request.slot;
  stuck.pid = request.pid;
  stuck.thread = request.thread;
  stuck.started_ns = request.started_ns;
  stuck.index = request.index;
  stuck.route = LabelOfRoute(segment_, request.method, request.route);
  stuck.running = true;
  stuck.duration_seconds = request.age_seconds;
  stuck.queue_seconds = request.queue_seconds;
  stuck.queue_source = request.queue_source;
  stuck.part_seconds = request.part_seconds;
  stuck.part_calls = request.part_calls;
  stuck.stack = note.stack;
  stuck.stack_age_seconds = note.stack_age_seconds;
  stuck.stack_quality = note.quality;
  stuck.lock_holder = note.lock_holder;
  AppendEvent(segment_,
              {.kind = EventKind::kRequestStuck,
               .severity = Severity::kWarning,
               .slot = request.slot,
               .pid = request.pid,
               .route = request.route,
               .value = request.age_seconds},
              StuckText(stuck, request));
  Append(std::move(stuck), &sample->slow_requests);
}

}  // namespace stirbar

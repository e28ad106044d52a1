#include "supervisor/publish/stacks_endpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/clock.h"
#include "supervisor/publish/stacks_json.h"

namespace stirbar {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint32_t kHighestPid = 4'194'304;  // the kernel's PID_MAX_LIMIT

std::optional<std::string> PidParameter(std::string_view target) {
  TakeUntil('?', &target);
  return FormField(target, "pid");
}

// Absent: `text` is no pid.
std::optional<uint32_t> ParsePid(std::string_view text) {
  uint32_t pid = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), pid);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && pid >= 1 && pid <= kHighestPid ? std::optional(pid) : std::nullopt;
}

std::string Pids(const Sample& sample) {
  std::string pids;
  for (const WorkerSample& worker : sample.workers) {
    pids += (pids.empty() ? "" : ", ") + std::to_string(worker.pid);
  }
  return pids.empty() ? "there is no worker" : "the workers are " + pids;
}

HttpResponse JsonResponse(std::shared_ptr<const std::string> text) {
  HttpResponse response;
  response.SetBody("application/json", std::move(text));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

HttpResponse StacksEndpoint::Answer(std::string_view target, const Snapshot& snapshot,
                                    uint64_t now_ns) {
  const Sample& sample = snapshot.sample;
  std::optional<uint32_t> pid;
  if (const auto text = PidParameter(target)) {
    pid = ParsePid(*text);
    if (!pid) {
      return ErrorResponse(400, "pid: '" + text->substr(0, 40) +
                                    "' is not allowed; it takes a whole number from 1 to " +
                                    std::to_string(kHighestPid));
    }
    const bool known = std::any_of(sample.workers.begin(), sample.workers.end(),
                                   [&](const auto& worker) { return worker.pid == *pid; });
    if (!known) {
      return ErrorResponse(404, "pid " + std::to_string(*pid) + " is no worker; " + Pids(sample));
    }
  }
  if (source_ == nullptr) return ErrorResponse(503, "stacks are not read here");
  std::erase_if(kept_, [&](const auto& kept) {
    return AgeOf(kept.second.at_ns, now_ns) >= Nanoseconds(kStacksKeptNs);
  });
  Kept& kept = kept_[pid.value_or(0)];
  if (kept.text != nullptr) return JsonResponse(kept.text);
  if (!TakeTurn(now_ns)) {
    kept_.erase(pid.value_or(0));
    HttpResponse response =
        ErrorResponse(429, "stacks are read at most " + std::to_string(kStacksPerSecond) +
                               " times a second; ask without pid for those of all workers");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  kept.at_ns = now_ns;
  kept.text = std::make_shared<const std::string>(StacksJson(source_->Read(sample, pid), WallNs()));
  return JsonResponse(kept.text);
}

bool StacksEndpoint::TakeTurn(uint64_t now_ns) {
  while (!turns_.empty() && AgeOf(turns_.front(), now_ns) >= Nanoseconds(kSecondNs)) {
    turns_.pop_front();
  }
  if (turns_.size() >= kStacksPerSecond) return false;
  turns_.push_back(now_ns);
  return true;
}

}  // namespace stirbar

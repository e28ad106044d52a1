#include "supervisor/publish/login_limiter.h"

#include <algorithm>

#include "base/clock.h"

namespace stirbar {

std::chrono::seconds LoginLimiter::Wait(const std::string& client, uint64_t now_ns) const {
  const auto found = failures_.find(client);
  if (found == failures_.end() || found->second.size() < kFailures) return {};
  const Nanoseconds left = kWindow - AgeOf(found->second.front(), now_ns);
  return std::max(std::chrono::ceil<std::chrono::seconds>(left), std::chrono::seconds(0));
}

void LoginLimiter::Fail(const std::string& client, uint64_t now_ns) {
  Forget(now_ns);
  std::deque<uint64_t>& times = failures_[client];
  times.push_back(now_ns);
  if (times.size() > kFailures) times.pop_front();
}

void LoginLimiter::Forget(uint64_t now_ns) {
  std::erase_if(failures_, [now_ns](const auto& entry) {
    return AgeOf(entry.second.back(), now_ns) >= kWindow;
  });
  if (failures_.size() < kClients) return;
  failures_.erase(std::min_element(
      failures_.begin(), failures_.end(),
      [](const auto& a, const auto& b) { return a.second.back() < b.second.back(); }));
}

}  // namespace stirbar

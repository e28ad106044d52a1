#include "probe/queue_time.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstddef>

namespace stirbar {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;
constexpr uint64_t kLongestWaitNs = 3600 * kNsPerSecond;
constexpr uint64_t kClockAheadNs = 60 * kNsPerSecond;

struct Number {
  uint64_t billionths = 0;  // of the decimals: "1.5" has 500,000,000
  uint64_t whole = 0;
  std::string_view rest;
  bool ok = false;
};

// At most 19 digits before the point: no overflow; decimals past the ninth are left out.
Number ParseNumber(std::string_view text) {
  Number number;
  size_t at = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    number.whole = number.whole * 10 + static_cast<uint64_t>(text[at++] - '0');
    if (at > 19) return number;
  }
  number.ok = at > 0;
  if (at < text.size() && text[at] == '.') {
    uint64_t unit = kNsPerSecond / 10;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
      number.billionths += unit * static_cast<uint64_t>(text[at] - '0');
    }
  }
  number.rest = text.substr(at);
  return number;
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

uint64_t BudgetNs(const Number& number, uint64_t unit_ns) {
  if (!number.ok || number.whole > kLongestWaitNs / unit_ns) return 0;
  const uint64_t budget = number.whole * unit_ns + number.billionths / (kNsPerSecond / unit_ns);
  return budget <= kLongestWaitNs ? budget : 0;
}

}  // namespace

std::optional<uint64_t> WaitSinceStamp(std::string_view text, uint64_t wall_now_ns) noexcept {
  text = Trim(text);
  if (text.starts_with("t=")) text.remove_prefix(2);
  const Number number = ParseNumber(text);
  if (!number.ok || !number.rest.empty()) return std::nullopt;
  // From seconds to nanoseconds a factor of 1,000 each: only one can fall into these two hours.
  for (uint64_t unit = kNsPerSecond; unit > 0; unit /= 1000) {
    if (number.whole > UINT64_MAX / unit - 1) continue;
    const uint64_t stamp = number.whole * unit + number.billionths / (kNsPerSecond / unit);
    if (stamp <= wall_now_ns) {
      if (wall_now_ns - stamp <= kLongestWaitNs) return wall_now_ns - stamp;
    } else if (stamp - wall_now_ns <= kClockAheadNs) {
      return 0;
    }
  }
  return std::nullopt;
}

uint64_t ParseBudget(std::string_view text) noexcept {
  const Number number = ParseNumber(Trim(text));
  if (number.rest == "ms") return BudgetNs(number, 1'000'000);
  return number.rest.empty() || number.rest == "s" ? BudgetNs(number, kNsPerSecond) : 0;
}

uint64_t ParseBudgetMs(std::string_view text) noexcept {
  const Number number = ParseNumber(Trim(text));
  return number.rest.empty() ? BudgetNs(number, 1'000'000) : 0;
}

std::optional<uint64_t> SocketWait(int descriptor) noexcept {
  tcp_info info;  // the kernel fills as much of it as is asked for
  socklen_t bytes = offsetof(tcp_info, tcpi_last_data_recv) + sizeof info.tcpi_last_data_recv;
  const socklen_t asked = bytes;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0 || bytes < asked) {
    return std::nullopt;
  }
  return uint64_t{info.tcpi_last_data_recv} * 1'000'000U;
}

}  // namespace stirbar

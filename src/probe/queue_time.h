// How long a request has waited before the app got it, and how long its client will wait at all:
// what the kernel and the headers of a trusted proxy say. Pure but for SocketWait.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stirbar {

// X-Request-Start, X-Queue-Start and mod_wsgi.queue_start: the time since 1970 at which a proxy got
// the request, in seconds, ms, us or ns (told apart by size: each means another millennium
// otherwise), with or without "t=" and decimals. Returns nanoseconds from then to `wall_now_ns`; 0
// where the proxy's clock is ahead by up to a minute. Absent: no time, or not one of the last hour.
std::optional<uint64_t> WaitSinceStamp(std::string_view text, uint64_t wall_now_ns) noexcept;

// X-Request-Timeout: "2", "2s", "1.5s", "1500ms". 0: no duration, or none of up to an hour.
uint64_t ParseBudget(std::string_view text) noexcept;
// X-Envoy-Expected-Rq-Timeout-Ms: "1500".
uint64_t ParseBudgetMs(std::string_view text) noexcept;

// Time since the newest byte came in on the TCP socket `descriptor` (TCP_INFO, see tcp(7)), which
// is when the request was complete: bytes that nobody has asked for wait in the kernel. In steps of
// the kernel's tick (1 to 10 ms). Absent: no TCP socket. Time: one getsockopt, 0.2 us.
std::optional<uint64_t> SocketWait(int descriptor) noexcept;

}  // namespace stirbar

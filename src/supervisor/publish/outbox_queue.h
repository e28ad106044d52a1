// What waits for one sink, in order, and what is given up when there is too much of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "supervisor/publish/alert_notice.h"

namespace stirbar {

// A message on its way to one sink. The notice is shared by the sinks of one filter.
struct OutboxMessage {
  std::shared_ptr<const AlertNotice> notice;
  uint32_t attempts = 0;
  size_t bytes = 0;  // of the notice as JSON
};

using OutboxQueue = std::deque<OutboxMessage>;

// 10,000 messages are a sink that is down for a month with an alert each four minutes.
inline constexpr size_t kMostMessages = 10'000;
inline constexpr size_t kMostOutboxBytes = 16U << 20U;

// Takes what has come and gone out of `queue`: the firing and everything up to the resolved of one
// episode, when all of it still waits. `spared` messages at the front are left alone: they may be
// on the wire. Messages without news left go; the numbers of these are added to `emptied`. Returns
// the count of episodes.
size_t CollapseEpisodes(OutboxQueue* queue, size_t spared, std::vector<uint64_t>* emptied);

// How long to wait after failure number `failures` (from 1) in a row: 1 s, doubling up to
// `longest`, of which `chance` (0..1) takes up to a quarter, so that many supervisors do not come
// back to a receiver in one moment. Not below what the receiver asked for, but for that an hour is
// enough.
std::chrono::milliseconds OutboxPause(uint32_t failures, std::chrono::milliseconds longest,
                                      double chance, std::chrono::seconds asked);

// Which of a message's attempts is the last where the receiver says it will never take it.
inline constexpr uint32_t kRefusedAttempts = 3;

}  // namespace stirbar

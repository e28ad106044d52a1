// GET /api/v1/stacks[?pid=N]: reads the workers' stacks when somebody asks, and not too often.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "supervisor/publish/http_message.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Reading takes milliseconds of the event loop: who asks again within 250 ms gets the same answer,
// and who asks for more different workers than four a second gets 429.
inline constexpr uint64_t kStacksKeptNs = 250'000'000;
inline constexpr size_t kStacksPerSecond = 4;

// Threads: the event loop's. Time: StackSource's.
class StacksEndpoint {
 public:
  // `source` may be null: 503. It must outlive the endpoint.
  explicit StacksEndpoint(StackSource* source) : source_(source) {}

  // `target` is that of the request, with its query; `now_ns` is monotonic.
  HttpResponse Answer(std::string_view target, const Snapshot& snapshot, uint64_t now_ns);

 private:
  struct Kept {
    uint64_t at_ns = 0;
    std::shared_ptr<const std::string> text;
  };

  // Whether one more may be read at `now_ns`; notes it.
  bool TakeTurn(uint64_t now_ns);

  StackSource* const source_;
  std::map<uint32_t, Kept> kept_;  // by pid; 0: all workers
  std::deque<uint64_t> turns_;     // of the last second
};

}  // namespace stirbar

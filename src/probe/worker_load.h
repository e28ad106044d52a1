// What a worker has learnt of its own load: queue delay, how long its routes take, how many
// requests at once serve it best.
//
// Threads: with the interpreter lock held, but for ForgetIdle(). Time: 20 instructions a request.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "probe/admission.h"
#include "probe/concurrency_limit.h"
#include "segment/layout.h"

namespace stirbar {

class WorkerLoad {
 public:
  // A request enters the app; it leaves, or goes on as a stream.
  void Enter() noexcept { ++running_; }
  void Leave() noexcept { running_ -= running_ > 0 ? 1 : 0; }
  // In the app at this moment; streams are none of them.
  uint32_t running() const { return running_; }

  // A request has come, having waited `queue_ns`. Publishes what that changes.
  void NoteQueue(uint64_t now_ns, uint64_t queue_ns, uint64_t target_ns,
                 AdmissionState& published) noexcept;

  struct Served {
    uint64_t now_ns = 0;
    uint32_t route = 0;  // below kMaxRoutes
    uint64_t duration_ns = 0;
    bool late = false;
  };
  void NoteServed(const Served& served, AdmissionState& published) noexcept;

  // How long the route usually takes in this worker: about the median of its last requests; one
  // outlier moves it by a sixteenth. 0: not known.
  uint64_t ExpectedNs(uint32_t route) const noexcept {
    return route < kMaxRoutes ? uint64_t{expected_us_[route]} * 1000U : 0;
  }

  // Requests at once that may be admitted; 0: no limit, for a worker that serves one at a time has
  // nothing to choose. `capacity`: of the server; 0: not known.
  uint32_t Limit(uint32_t capacity) const noexcept;

  // Nobody has come for a second: the page shall not show an overload of long ago. For the beat
  // thread.
  void ForgetIdle(uint64_t now_ns, AdmissionState& published) const noexcept;

  Admission admission;

 private:
  uint32_t running_ = 0;
  std::atomic<uint64_t> last_ns_{0};  // when a request came last
  ConcurrencyLimit limit_;
  std::array<uint32_t, kMaxRoutes> expected_us_{};
};

}  // namespace stirbar

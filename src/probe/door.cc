#include <Python.h>
// First, because CPython asks for it.

#include <sys/socket.h>

#include <array>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "probe/door.h"
#include "probe/gate.h"
#include "probe/probe.h"
#include "probe/queue_time.h"
#include "probe/refusal.h"
#include "probe/request_head.h"

namespace stirbar {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint32_t kOn = 2;

// Takes what was looked at, so that closing the connection does not reset it, and answers.
void Answer(int descriptor, size_t request_bytes, std::string_view answer) {
  std::array<char, 4096> taken;
  (void)recv(descriptor, taken.data(), request_bytes, MSG_DONTWAIT);
  (void)send(descriptor, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(descriptor, SHUT_WR);
}

}  // namespace

bool DoorIsWatched() noexcept {
  const Attachment* const attachment = Probe::Current();
  if (attachment == nullptr) return false;
  const WorkerOrders& orders = attachment->orders;
  return orders.admission_mode.load(kRelaxed) == kOn &&
         (orders.backlog.load(kRelaxed) != 0 || orders.shed_level.load(kRelaxed) != 0);
}

bool RefuseAtDoor(int descriptor) noexcept {
  if (!DoorIsWatched()) return false;
  const std::optional<uint64_t> wait = SocketWait(descriptor);
  if (!wait) return false;
  std::array<char, 4096> text;
  const ssize_t bytes = recv(descriptor, text.data(), text.size(), MSG_PEEK | MSG_DONTWAIT);
  if (bytes <= 0) return false;
  const auto head = ReadRequestHead({text.data(), static_cast<size_t>(bytes)});
  if (!head) return false;
  Arrival arrival;
  arrival.now_ns = MonotonicNs();
  arrival.method = head->method;
  arrival.queue_source = QueueSource::kSocket;
  arrival.queue_ns = *wait;
  // Written before it is decided: a body of the app's that does not fit is left to the gate.
  std::array<char, 4096> answer;
  const size_t answer_bytes =
      WriteRefusal(answer, head->method, RetryAfterSeconds(*wait, arrival.now_ns / 1024));
  if (answer_bytes == 0 || !MustRefuseUnread(Probe::Current(), head->path, arrival)) return false;
  Answer(descriptor, static_cast<size_t>(bytes), {answer.data(), answer_bytes});
  return true;
}

}  // namespace stirbar

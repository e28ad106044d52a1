#include "supervisor/mitigate/directive_desk.h"

namespace stirbar {

Directive* DirectiveDesk::Free(uint32_t slot) {
  Directive& directive = segment_.workers[slot].directive;
  // Acquire: the worker has read the order before when its answer is seen.
  const uint64_t done = directive.done.load(std::memory_order_acquire);
  return directive.ordered.load(std::memory_order_relaxed) == done ? &directive : nullptr;
}

Order DirectiveDesk::Give(uint32_t slot, DirectiveKind kind, uint64_t now_ns) {
  WorkerSlot& worker = segment_.workers[slot];
  Directive& directive = worker.directive;
  const uint64_t number = directive.ordered.load(std::memory_order_relaxed) + 1;
  directive.kind.store(static_cast<uint32_t>(kind), std::memory_order_relaxed);
  directive.ordered.store(number, std::memory_order_release);
  return {slot, worker.incarnation.load(std::memory_order_acquire), number, now_ns};
}

std::optional<Order> DirectiveDesk::AskCleanup(const WorkerSample& worker, uint64_t now_ns) {
  if (Free(worker.slot) == nullptr) return std::nullopt;
  return Give(worker.slot, DirectiveKind::kCleanup, now_ns);
}

std::optional<Order> DirectiveDesk::AskInterrupt(const InFlightSample& request, uint64_t now_ns) {
  Directive* const directive = Free(request.slot);
  if (directive == nullptr) return std::nullopt;
  directive->in_flight.store(request.index, std::memory_order_relaxed);
  directive->started_ns.store(request.started_ns, std::memory_order_relaxed);
  return Give(request.slot, DirectiveKind::kInterrupt, now_ns);
}

OrderState DirectiveDesk::StateOf(const Order& order) const {
  const WorkerSlot& slot = segment_.workers[order.slot];
  if (slot.incarnation.load(std::memory_order_acquire) != order.incarnation) {
    return OrderState::kGone;
  }
  const uint64_t done = slot.directive.done.load(std::memory_order_acquire);
  return done >= order.number ? OrderState::kDone : OrderState::kOpen;
}

const Directive& DirectiveDesk::Answer(const Order& order) const {
  return segment_.workers[order.slot].directive;
}

}  // namespace stirbar

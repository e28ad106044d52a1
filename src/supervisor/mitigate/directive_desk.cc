#include "supervisor/mitigate/directive_desk.h"

#include <algorithm>
#include <cstring>

#include "segment/shared_words.h"

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

std::optional<Order> DirectiveDesk::AskCleanup(const WorkerSample& worker,
                                               const CleanupOrder& cleanup, uint64_t now_ns) {
  Directive* const directive = Free(worker.slot);
  if (directive == nullptr) return std::nullopt;
  directive->step.store(static_cast<uint32_t>(cleanup.step), std::memory_order_relaxed);
  directive->trims.store(cleanup.trims ? 1 : 0, std::memory_order_relaxed);
  directive->percent.store(cleanup.percent, std::memory_order_relaxed);
  directive->keeps.store(cleanup.keeps, std::memory_order_relaxed);
  directive->wait_ns.store(cleanup.wait_ns, std::memory_order_relaxed);
  directive->budget_ns.store(cleanup.budget_ns, std::memory_order_relaxed);
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

CleanupAnswer DirectiveDesk::CleanupAnswerOf(const Order& order) const {
  const Directive& directive = Answer(order);
  CleanupAnswer answer;
  const uint32_t outcome = directive.outcome.load(std::memory_order_relaxed);
  if (outcome <= static_cast<uint32_t>(CleanupOutcome::kPartly)) {
    answer.outcome = static_cast<CleanupOutcome>(outcome);
  }
  answer.before_bytes = directive.before_bytes.load(std::memory_order_relaxed);
  answer.reclaimed_bytes =
      std::min(directive.reclaimed_bytes.load(std::memory_order_relaxed), answer.before_bytes);
  answer.duration_ns = directive.duration_ns.load(std::memory_order_relaxed);
  answer.count = directive.collected_objects.load(std::memory_order_relaxed);
  answer.arena_bytes = directive.arena_bytes.load(std::memory_order_relaxed);
  answer.arena_used_bytes =
      std::min(directive.arena_used_bytes.load(std::memory_order_relaxed), answer.arena_bytes);
  char text[sizeof directive.text];
  LoadShared(text, directive.text, sizeof text);
  answer.text.assign(text, strnlen(text, sizeof text));
  return answer;
}

const Directive& DirectiveDesk::Answer(const Order& order) const {
  return segment_.workers[order.slot].directive;
}

}  // namespace stirbar

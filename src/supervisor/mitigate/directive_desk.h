// Orders to workers, one at a time for each: the slot has room for one Directive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// An order that was given.
struct Order {
  uint32_t slot = 0;
  uint64_t incarnation = 0;
  uint64_t number = 0;
  uint64_t given_ns = 0;
};

enum class OrderState {
  kOpen,  // not answered
  kDone,  // answered: the answer is in the slot's Directive
  kGone,  // the worker has gone, and the order with it
};

// A step of a cleanup, as Directive has it.
struct CleanupOrder {
  CleanupStep step = CleanupStep::kNone;
  bool trims = false;
  uint32_t percent = 0;
  uint32_t keeps = 0;
  uint64_t wait_ns = 0;
  uint64_t budget_ns = 0;
};

// What the worker answered; checked, as nothing from the segment is trusted.
struct CleanupAnswer {
  CleanupOutcome outcome = CleanupOutcome::kDone;
  uint64_t before_bytes = 0;
  uint64_t reclaimed_bytes = 0;
  uint64_t duration_ns = 0;
  uint64_t count = 0;
  uint64_t arena_bytes = 0;
  uint64_t arena_used_bytes = 0;
  std::string text{};
};

// Owns: nothing of the segment; it must outlive the desk. Threads: one. Time: never waits.
class DirectiveDesk {
 public:
  explicit DirectiveDesk(Segment& segment) : segment_(segment) {}

  // Absent: the worker has not answered the order before, whoever gave that.
  std::optional<Order> AskCleanup(const WorkerSample& worker, const CleanupOrder& cleanup,
                                  uint64_t now_ns);
  std::optional<Order> AskInterrupt(const InFlightSample& request, uint64_t now_ns);

  OrderState StateOf(const Order& order) const;
  // Of an order that is kDone.
  const Directive& Answer(const Order& order) const;
  CleanupAnswer CleanupAnswerOf(const Order& order) const;

 private:
  // The directive of a worker that is free to take an order; null: it is not.
  Directive* Free(uint32_t slot);
  Order Give(uint32_t slot, DirectiveKind kind, uint64_t now_ns);

  Segment& segment_;
};

}  // namespace stirbar

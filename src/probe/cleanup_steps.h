// Which steps of a cleanup a process has something for, as a set of bits 1 << CleanupStep.
#pragma once

#include "segment/layout.h"

namespace stirbar {

constexpr uint32_t BitOf(CleanupStep step) { return 1U << static_cast<uint32_t>(step); }

// Whether an order for the step `number`, as it stands in the segment, can be carried out by who
// has `steps`. Never one for kNone, or for what is no step: it is answered at once, as nothing
// done.
constexpr bool HasStep(uint32_t steps, uint32_t number) {
  return number != static_cast<uint32_t>(CleanupStep::kNone) && number < kCleanupSteps &&
         (steps >> number & 1U) != 0;
}

}  // namespace stirbar

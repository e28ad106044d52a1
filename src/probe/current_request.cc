#include "probe/current_request.h"

#include "segment/layout.h"

namespace stirbar {
namespace {

thread_local uint32_t t_current = kMaxInFlight;

}  // namespace

uint32_t EnterRequest(uint32_t in_flight) noexcept {
  const uint32_t before = t_current;
  t_current = in_flight;
  return before;
}

void LeaveRequest(uint32_t before) noexcept { t_current = before; }

uint32_t CurrentRequest() noexcept { return t_current; }

}  // namespace stirbar

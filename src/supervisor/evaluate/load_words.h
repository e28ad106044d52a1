// The reasons of a LoadVerdict in plain words, with the figures.
#pragma once

#include <string>

#include "supervisor/evaluate/saturation.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// "saturation 0.97: all 2 request slots busy, 70 requests wait; who comes now waits 1.4 s, its
// deadline is 1.0 s".
std::string SaturationText(const LoadFigures& figures, const LoadVerdict& verdict,
                           const Settings& settings);

// Of the level that is wanted, or would be: `measured` by the controller.
struct ShedCause {
  uint32_t measured = 0;
  bool memory = false;  // memory is what asks for it
};
std::string ShedReason(const ShedCause& cause, const LoadFigures& figures,
                       const LoadVerdict& verdict, const Settings& settings);

std::string BacklogReason(const LoadFigures& figures, const LoadVerdict& verdict,
                          const Settings& settings);

// "background", "sheddable and background", ... : who is refused at `level`; empty at 0.
std::string RefusedClasses(uint32_t level);

}  // namespace stirbar

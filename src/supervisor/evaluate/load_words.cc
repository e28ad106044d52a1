#include "supervisor/evaluate/load_words.h"

#include <cmath>
#include <cstdio>

#include "supervisor/evaluate/words.h"

namespace stirbar {
namespace {

std::string Two(double figure) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", figure);
  return text;
}

std::string PerSecond(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, rate < 9.95 ? "%.1f/s" : "%.0f/s", rate);
  return text;
}

std::string SlotsText(const LoadFigures& figures) {
  if (figures.capacity == 0) {
    return CountText(figures.busy, "request") + " in " + CountText(figures.workers, "worker");
  }
  const uint32_t slots = SlotsOf(figures);
  const std::string of = CountText(slots, "request slot");
  if (figures.busy < slots) return std::to_string(figures.busy) + " of " + of + " busy";
  if (slots == 1) return "the request slot busy";
  return (slots == 2 ? "both request slots" : "all " + of) + " busy";
}

std::string WaitText(const LoadFigures& figures, const LoadVerdict& verdict,
                     const Settings& settings) {
  std::string text = figures.waiting == 0 ? "nobody waits"
                                          : CountText(figures.waiting, "request") +
                                                (figures.waiting == 1 ? " waits" : " wait");
  if (figures.pool_waiting > 0) {
    text += ", " + CountText(figures.pool_waiting, "request") +
            (figures.pool_waiting == 1 ? " waits" : " wait") + " for a connection (" +
            SecondsText(figures.pool_wait_seconds) + ")";
  }
  if (verdict.predicted_wait_seconds > 0) {
    text += "; who comes now waits " + SecondsText(verdict.predicted_wait_seconds) + " of " +
            SecondsText(settings.request_deadline) + " (request_deadline)";
  }
  return text;
}

std::string DemandText(const LoadFigures& figures, double service_rate) {
  std::string text = PerSecond(figures.served_per_second) + " served and " +
                     PerSecond(figures.refused_per_second) + " refused";
  if (!std::isnan(service_rate)) text += ", " + PerSecond(service_rate) + " can be served";
  return text;
}

}  // namespace

std::string RefusedClasses(uint32_t level) {
  if (level == 0) return "";
  if (level == 1) return "background";
  return level == 2 ? "sheddable and background" : "normal, sheddable and background";
}

std::string SaturationText(const LoadFigures& figures, const LoadVerdict& verdict,
                           const Settings& settings) {
  if (figures.workers == 0) return "no worker serves";
  return "saturation " + Two(verdict.saturation) + ": " + SlotsText(figures) + ", " +
         WaitText(figures, verdict, settings);
}

std::string ShedReason(const ShedCause& cause, const LoadFigures& figures,
                       const LoadVerdict& verdict, const Settings& settings) {
  std::string text;
  const uint32_t wanted = verdict.withheld_level > 0 ? verdict.withheld_level : verdict.shed_level;
  if (settings.admission == kModeOff) {
    text = "admission is off; ";
  } else if (verdict.withheld_level > 0) {
    text = "would refuse " + RefusedClasses(wanted) + " requests; ";
  } else if (wanted > 0) {
    text = "refuses " + RefusedClasses(wanted) + " requests; ";
  }
  if (verdict.shed_by_operator) text += "set by the operator (shed_level); ";
  if (cause.memory && wanted > 0) {
    text += "memory " + PercentText(figures.memory_ratio) + " used (memory_critical_threshold " +
            PercentText(settings.memory_critical_threshold) + ")";
    if (figures.memory_outlook.running_out) text += ", the rest within seconds at this rate";
    text += "; ";
  }
  text += SaturationText(figures, verdict, settings);
  if (cause.measured > 0) text += "; " + DemandText(figures, verdict.service_rate);
  return text;
}

std::string BacklogReason(const LoadFigures& figures, const LoadVerdict& verdict,
                          const Settings& settings) {
  if (settings.backlog_control == kModeOff) return "backlog_control is off";
  if (figures.backlog_own == 0) return "the server's accept queue is not known";
  const std::string own = std::to_string(figures.backlog_own);
  const uint32_t wanted = verdict.withheld_backlog > 0 ? verdict.withheld_backlog : verdict.backlog;
  if (wanted == 0) {
    return "the server's own accept queue (" + own + "); " + WaitText(figures, verdict, settings);
  }
  std::string text = verdict.withheld_backlog > 0 ? "would shorten the accept queue from "
                                                  : "accept queue shortened from ";
  text += own + " to " + std::to_string(wanted) + "; ";
  if (!std::isnan(verdict.service_rate)) {
    text += PerSecond(verdict.service_rate) + " can be served, within " +
            SecondsText(settings.request_deadline) + " (request_deadline) each; ";
  }
  return text + WaitText(figures, verdict, settings);
}

}  // namespace stirbar

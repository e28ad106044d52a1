#include "supervisor/collect/stuck_text.h"

#include <cstdio>

namespace stirbar {
namespace {

bool IsOwn(const FrameSample& frame) {
  return frame.file.find("/site-packages/") == std::string::npos &&
         frame.file.find("/dist-packages/") == std::string::npos &&
         frame.file.find("/lib/python") == std::string::npos && !frame.file.starts_with('<');
}

std::string BaseName(const std::string& file) { return file.substr(file.rfind('/') + 1); }

std::string Tenths(double seconds) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

}  // namespace

const FrameSample* OwnFrame(const std::vector<FrameSample>& frames) {
  for (const FrameSample& frame : frames) {
    if (IsOwn(frame)) return &frame;
  }
  return frames.empty() ? nullptr : &frames.front();
}

std::string StuckText(const SlowRequestSample& stuck, const InFlightSample& request) {
  char begin[64];
  std::snprintf(begin, sizeof begin, " has run for %.0f s in worker %u (pid %u), thread %u",
                stuck.duration_seconds, stuck.slot, stuck.pid, stuck.thread);
  std::string text = stuck.route + begin;
  if (const FrameSample* const frame = OwnFrame(stuck.stack); frame != nullptr) {
    text +=
        ": in " + BaseName(frame->file) + ":" + std::to_string(frame->line) + " " + frame->function;
  }
  if (request.activity != Activity::kApplication) {
    text += "; in " + std::string(Name(request.activity)) + " since " +
            Tenths(request.activity_seconds);
  }
  if (stuck.lock_holder) {
    text += "; interpreter lock held by thread " + std::to_string(*stuck.lock_holder);
  }
  if (request.connection_seconds >= 0) {  // else not known (NaN)
    text += "; holds a connection since " + Tenths(request.connection_seconds);
  }
  return text;
}

}  // namespace stirbar

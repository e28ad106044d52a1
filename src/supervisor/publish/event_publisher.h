// Turns changes of health into events and log lines: a finding that comes or goes, a status that
// changes; and every monitoring_interval one line with the resource figures.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "supervisor/supervisor.h"

namespace stirbar {

// Writes one log line.
using LogLine = std::function<void(Severity severity, const std::string& text)>;

class EventPublisher : public Publisher {
 public:
  EventPublisher(Segment& segment, LogLine log);
  void Publish(const std::shared_ptr<const Snapshot>& snapshot) override;

 private:
  struct Known {
    Status severity;
    std::string message;  // the newest
    uint32_t slot;
    uint64_t since_ns;
  };

  void NoteFindings(const Snapshot& snapshot);
  void NoteStatus(const Snapshot& snapshot);
  void NoteResources(const Snapshot& snapshot);

  Segment& segment_;
  LogLine log_;
  std::map<std::string, Known> firing_;  // by rule and slot
  Status status_ = Status::kHealthy;
  uint64_t next_line_ns_ = 0;
};

}  // namespace stirbar

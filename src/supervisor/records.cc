#include "supervisor/records.h"

namespace stirbar {

std::string_view Name(RecordKind kind) {
  switch (kind) {
    case RecordKind::kEvent:
      return "event";
    case RecordKind::kAlert:
      return "alert";
    case RecordKind::kSetting:
      return "setting";
    case RecordKind::kAction:
      return "action";
    case RecordKind::kAccess:
      return "access";
  }
  return "unknown";
}

std::string_view Name(ActionKind kind) {
  switch (kind) {
    case ActionKind::kCleanup:
      return "cleanup";
    case ActionKind::kTrim:
      return "trim";
    case ActionKind::kEvict:
      return "evict";
    case ActionKind::kShed:
      return "shed";
    case ActionKind::kBacklog:
      return "backlog";
    case ActionKind::kInterrupt:
      return "interrupt";
    case ActionKind::kRecycle:
      return "recycle";
  }
  return "unknown";
}

std::string_view Name(ActionState state) {
  switch (state) {
    case ActionState::kWithheld:
      return "withheld";
    case ActionState::kRunning:
      return "running";
    case ActionState::kDone:
      return "done";
    case ActionState::kFailed:
      return "failed";
  }
  return "unknown";
}

std::string_view Name(EmergencyState state) {
  switch (state) {
    case EmergencyState::kCalm:
      return "calm";
    case EmergencyState::kShedding:
      return "shedding";
    case EmergencyState::kCleaning:
      return "cleaning";
    case EmergencyState::kRecycling:
      return "recycling";
    case EmergencyState::kCooling:
      return "cooling";
  }
  return "unknown";
}

}  // namespace stirbar

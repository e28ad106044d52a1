// What a change of settings at run time does, or why it is refused: pure functions of what holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/setting_input.h"
#include "supervisor/setting_layers.h"

namespace stirbar {

enum class SettingChangeKind : uint8_t { kSet, kReset, kRevert };
std::string_view Name(SettingChangeKind kind);  // set, reset, revert

// What is asked for: all of it or nothing.
struct SettingProposal {
  std::vector<std::pair<std::string, SettingInput>> set{};
  std::vector<std::string> reset{};  // back to what the other origins say
  std::optional<uint64_t> revert{};  // back to what was before the change of this number
};

// One setting that was changed.
struct SettingChange {
  uint64_t number = 0;  // 1, 2, 3, ... of this app; 0: not kept yet
  uint64_t wall_ns = 0;
  std::string actor{};
  SettingChangeKind kind = SettingChangeKind::kSet;
  uint64_t reverts = 0;  // number of the change that this one takes back; 0: none
  SettingId id{};
  std::optional<double> runtime_before{};  // absent: other origins held
  std::optional<double> runtime_after{};
  double before = 0;  // what held
  double after = 0;
  SettingOrigin origin_before = SettingOrigin::kDefault;
  SettingOrigin origin_after = SettingOrigin::kDefault;
};

struct SettingVerdict {
  std::optional<SettingRefusal> refusal{};
  SettingValues runtime{};               // what the run-time layer will be
  std::vector<SettingChange> changes{};  // without number, time and actor; empty: it is so already
};

// `past`: the changes that can be taken back.
SettingVerdict Judge(const SettingProposal& proposal, const SettingLayers& layers,
                     const std::vector<SettingChange>& past);

// "cpu_warning_threshold: 0.8 (default) -> 0.7 (runtime)".
std::string ChangeText(const SettingChange& change);

}  // namespace stirbar

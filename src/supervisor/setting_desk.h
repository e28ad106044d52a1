// The settings of the app, in the supervisor's hands: knows what each origin says, writes what
// holds into the segment, and takes, keeps, reverts and records the changes of run time.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "segment/layout.h"
#include "supervisor/records.h"
#include "supervisor/setting_change.h"
#include "supervisor/setting_layers.h"
#include "supervisor/setting_store.h"

namespace stirbar {

enum class ChangeMode : uint8_t { kApply, kDryRun };

struct SettingOutcome {
  std::optional<SettingRefusal> refusal{};
  std::vector<SettingChange> changes{};  // empty without a refusal: it was so already
  std::string not_stored{};  // it holds, but only until the supervisor ends: why; empty: it is kept
};

// Threads: one, the event loop's. Time: Turn() reads 128 words; a change waits for the disk once.
// Failure: what cannot be stored holds all the same, and is told: in an emergency an order must not
// depend on room on a disk.
// Borrows segment and records, which must live longer.
class SettingDesk {
 public:
  using LogLine = std::function<void(Severity, const std::string&)>;

  SettingDesk(Segment& segment, SettingStore store, RecordSink& records, LogLine log);

  // Takes the segment over: what file and environment say, and what was ordered at run time.
  void Begin(SettingValues file, SettingValues environment, uint64_t wall_ns);

  // Every tick: takes note of what workers and `stirbar shed` have written, and puts right what
  // contradicts.
  void Turn(uint64_t wall_ns);

  // `actor`: who asks, for the records.
  SettingOutcome Change(const SettingProposal& proposal, const std::string& actor, ChangeMode mode,
                        uint64_t wall_ns);

  const SettingLayers& layers() const { return layers_; }
  const ResolvedSettings& resolved() const { return resolved_; }
  const std::vector<SettingChange>& changes() const { return stored_.changes; }  // oldest first
  // The newest change of `id`; null: none is kept.
  const SettingChange* LastChange(SettingId id) const;
  const std::string& path() const { return store_.path(); }
  const std::string& not_stored() const { return not_stored_; }

 private:
  void Adopt(uint64_t wall_ns);
  void Write();
  void TellIgnored(uint64_t wall_ns);
  void Apply(const SettingVerdict& verdict, const std::string& actor, uint64_t wall_ns,
             std::vector<SettingChange>* changes);
  void Note(Severity severity, std::string name, std::string actor, std::string text,
            std::string details, uint64_t wall_ns);

  Segment& segment_;
  const SettingStore store_;
  RecordSink& records_;
  const LogLine log_;
  SettingLayers layers_;
  ResolvedSettings resolved_;
  StoredSettings stored_;
  std::string not_stored_;
  std::vector<IgnoredSetting> told_;
};

}  // namespace stirbar

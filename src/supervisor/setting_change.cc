#include "supervisor/setting_change.h"

#include <algorithm>

namespace stirbar {
namespace {

SettingVerdict Refuse(std::string field, std::string value, std::string allowed) {
  return {.refusal = SettingRefusal{std::move(field), std::move(value), std::move(allowed)}};
}

const SettingSpec& SpecOf(SettingId id) { return kSettingSpecs[static_cast<size_t>(id)]; }

std::optional<double> Find(const SettingValues& values, SettingId id) {
  const auto found = values.find(id);
  return found != values.end() ? std::optional(found->second) : std::nullopt;
}

// The run-time layer that is wanted, not yet checked together.
struct Wanted {
  std::optional<SettingRefusal> refusal{};
  SettingValues runtime{};
  SettingChangeKind kind = SettingChangeKind::kSet;
};

std::optional<SettingRefusal> TakeBack(uint64_t number, const std::vector<SettingChange>& past,
                                       SettingValues* runtime) {
  const auto change = std::find_if(past.begin(), past.end(), [number](const SettingChange& one) {
    return one.number == number;
  });
  if (change == past.end()) {
    const std::string allowed = past.empty() ? "no number: nothing was changed at run time"
                                             : "the number of a change that is kept, from " +
                                                   std::to_string(past.front().number) + " to " +
                                                   std::to_string(past.back().number);
    return SettingRefusal{"revert", std::to_string(number), allowed};
  }
  if (change->runtime_before) {
    (*runtime)[change->id] = *change->runtime_before;
  } else {
    runtime->erase(change->id);
  }
  return std::nullopt;
}

Wanted WantedRuntime(const SettingProposal& proposal, const SettingLayers& layers,
                     const std::vector<SettingChange>& past) {
  Wanted wanted{.runtime = layers.runtime};
  if (proposal.revert) {
    wanted.kind = SettingChangeKind::kRevert;
    wanted.refusal = TakeBack(*proposal.revert, past, &wanted.runtime);
    if (wanted.refusal) return wanted;
  }
  for (const std::string& name : proposal.reset) {
    const SettingSpec* const spec = FindSetting(name);
    if (spec == nullptr) {
      wanted.refusal = CheckInput(name, std::string("reset")).refusal;
      return wanted;
    }
    wanted.runtime.erase(spec->id);
  }
  for (const auto& [name, input] : proposal.set) {
    const CheckedSetting checked = CheckInput(name, input);
    if (checked.refusal) {
      wanted.refusal = checked.refusal;
      return wanted;
    }
    wanted.runtime[checked.spec->id] = checked.value;
  }
  return wanted;
}

// The strongest value, whether it is obeyed or not: a contradiction is not to be mended by leaving
// something out.
double Strongest(const SettingLayers& layers, const SettingSpec& spec) {
  for (const SettingOrigin origin : {SettingOrigin::kRuntime, SettingOrigin::kEnvironment,
                                     SettingOrigin::kFile, SettingOrigin::kApplication}) {
    if (const std::optional<double> value = layers.Said(origin, spec.id)) return *value;
  }
  return spec.initial;
}

// A pair of thresholds of which one is changed, and which would contradict itself.
std::optional<SettingRefusal> Contradiction(const SettingLayers& before,
                                            const SettingLayers& after) {
  for (const SettingSpec& warning : kSettingSpecs) {
    const SettingSpec* const critical = CriticalOf(warning);
    if (critical == nullptr) continue;
    const double lower = Strongest(after, warning);
    const double upper = Strongest(after, *critical);
    if (lower <= upper) continue;
    if (lower != Strongest(before, warning)) {
      return SettingRefusal{
          std::string(warning.name), SettingText(warning, lower),
          "at most " + std::string(critical->name) + " (" + SettingText(*critical, upper) + ")"};
    }
    if (upper != Strongest(before, *critical)) {
      return SettingRefusal{
          std::string(critical->name), SettingText(*critical, upper),
          "at least " + std::string(warning.name) + " (" + SettingText(warning, lower) + ")"};
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(SettingChangeKind kind) {
  switch (kind) {
    case SettingChangeKind::kSet:
      return "set";
    case SettingChangeKind::kReset:
      return "reset";
    case SettingChangeKind::kRevert:
      return "revert";
  }
  return "set";
}

SettingVerdict Judge(const SettingProposal& proposal, const SettingLayers& layers,
                     const std::vector<SettingChange>& past) {
  if (proposal.set.empty() && proposal.reset.empty() && !proposal.revert) {
    return Refuse("set", "", "names and values; or give reset, or revert");
  }
  if (proposal.revert && !(proposal.set.empty() && proposal.reset.empty())) {
    return Refuse("revert", std::to_string(*proposal.revert), "a number, and nothing beside it");
  }
  for (const std::string& name : proposal.reset) {
    const auto same = [&name](const auto& one) { return one.first == name; };
    if (std::any_of(proposal.set.begin(), proposal.set.end(), same)) {
      return Refuse(name, "reset", "either a new value or a reset, not both");
    }
  }
  const Wanted wanted = WantedRuntime(proposal, layers, past);
  if (wanted.refusal) return {.refusal = wanted.refusal};

  SettingLayers after_layers = layers;
  after_layers.runtime = wanted.runtime;
  if (auto refusal = Contradiction(layers, after_layers)) return {.refusal = std::move(refusal)};
  const ResolvedSettings before = Resolve(layers);
  const ResolvedSettings after = Resolve(after_layers);

  SettingVerdict verdict{.runtime = wanted.runtime};
  for (const SettingSpec& spec : kSettingSpecs) {
    const std::optional<double> was = Find(layers.runtime, spec.id);
    const std::optional<double> is = Find(wanted.runtime, spec.id);
    if (was == is) continue;
    SettingChange change;
    change.kind = wanted.kind == SettingChangeKind::kRevert ? SettingChangeKind::kRevert
                  : is                                      ? SettingChangeKind::kSet
                                                            : SettingChangeKind::kReset;
    change.reverts = change.kind == SettingChangeKind::kRevert ? *proposal.revert : 0;
    change.id = spec.id;
    change.runtime_before = was;
    change.runtime_after = is;
    change.before = before.values[spec.id];
    change.after = after.values[spec.id];
    change.origin_before = before.OriginOf(spec.id);
    change.origin_after = after.OriginOf(spec.id);
    verdict.changes.push_back(std::move(change));
  }
  return verdict;
}

std::string ChangeText(const SettingChange& change) {
  const SettingSpec& spec = SpecOf(change.id);
  std::string text = std::string(spec.name) + ": " + SettingText(spec, change.before) + " (" +
                     std::string(Name(change.origin_before)) + ") -> " +
                     SettingText(spec, change.after) + " (" +
                     std::string(Name(change.origin_after)) + ")";
  if (change.kind == SettingChangeKind::kRevert) {
    text += ", which takes change " + std::to_string(change.reverts) + " back";
  }
  return text;
}

}  // namespace stirbar

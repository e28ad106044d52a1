#include <pwd.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <cstdio>

#include "segment/config.h"
#include "segment/events.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/segment_finder.h"
#include "supervisor/cli/shed_levels.h"
#include "supervisor/cli/terminal_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

// "alice (uid 1000)".
std::string Caller() {
  const uid_t uid = getuid();
  const passwd* const entry = getpwuid(uid);
  return std::string(entry != nullptr ? entry->pw_name : "?") + " (uid " + std::to_string(uid) +
         ")";
}

// Why an order has no effect just now; empty when it has.
std::string Caveat(const SegmentMapping& mapping, const Settings& settings) {
  if (!IsWatched(mapping)) return "no supervisor watches the app: it holds from when one does";
  const double mode = EffectiveMode(settings.admission, settings.observe_only);
  if (mode == kModeOff) return "the setting admission is off: nobody is refused";
  if (mode == kModeObserve) return "refusals are only counted: admission observes";
  return "";
}

int Show(const ViewOptions& options, const SegmentMapping& mapping) {
  const Result<json::object> snapshot = ParsedSnapshot(mapping);
  if (!snapshot) return FailView(options, snapshot.error());
  const json::object& traffic = PartOf(*snapshot, "traffic");
  const std::optional<double> level = NumberOf(traffic, "shed_level");
  if (!level) return FailView(options, "the snapshot does not say");
  const std::string reason = TextOf(traffic, "shed_reason");
  const std::string by = TextOf(traffic, "shed_by");
  const std::optional<double> age = NumberOf(traffic, "level_age_seconds");
  const Settings settings = ReadSettings(mapping.segment()).values;
  if (options.output == Output::kJson) {
    const json::object answer{{"shed_level", *level},
                              {"refused", ShedLevelWord(level)},
                              {"by", by},
                              {"reason", reason},
                              {"age_seconds", age ? json::value(*age) : json::value(nullptr)},
                              {"setting", ShedSettingWord(settings.shed_level)}};
    PrintJson(answer);
    return 0;
  }
  std::printf("refused: %s (level %.0f, by %s, for %s)\n%s\n", ShedLevelWord(level).c_str(), *level,
              SafeText(by, 40).c_str(), DurationText(age).c_str(), SafeText(reason, 400).c_str());
  return 0;
}

int Order(const ViewOptions& options, double level, SegmentMapping* mapping) {
  Segment& segment = mapping->segment();
  const SettingSpec& spec = *FindSetting("shed_level");
  const double before = ReadSettings(segment).values.shed_level;
  // Runtime is the strongest origin: it overrides whatever was set before.
  if (!WriteSetting(segment, spec, level, SettingOrigin::kRuntime)) {
    return FailView(options, "the setting shed_level could not be written");
  }
  const std::string text = "shed level set to " + ShedSettingWord(level) + " by " + Caller() +
                           "; before: " + ShedSettingWord(before);
  AppendEvent(segment,
              {.kind = EventKind::kShedLevelChanged,
               .severity = level > 0 ? Severity::kWarning : Severity::kInfo,
               .value = level,
               .value2 = before},
              text);
  const std::string caveat = Caveat(*mapping, ReadSettings(segment).values);
  if (options.output == Output::kJson) {
    const json::object answer{{"setting", ShedSettingWord(level)},
                              {"before", ShedSettingWord(before)},
                              {"by", Caller()},
                              {"caveat", caveat}};
    PrintJson(answer);
    return 0;
  }
  std::printf("%s\n", text.c_str());
  if (!caveat.empty()) std::fprintf(stderr, "stirbar: %s\n", caveat.c_str());
  return 0;
}

}  // namespace

int ShedCommand(const ViewOptions& options, const std::string& level) {
  const Result<double> wanted = level.empty() ? Result<double>(0.0) : ParseShedLevel(level);
  if (!wanted) {
    std::fprintf(stderr, "stirbar: %s\n", wanted.error().c_str());
    return kUsageError;
  }
  const auto mapping = FindSegment(options.segment, options.name);
  if (!mapping) return FailView(options, mapping.error());
  return level.empty() ? Show(options, **mapping) : Order(options, *wanted, mapping->get());
}

}  // namespace stirbar

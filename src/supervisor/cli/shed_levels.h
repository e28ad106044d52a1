// The words for who is refused under overload.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stirbar {

// Who is refused at a level: "nobody", "background", "sheddable", "normal"; "-" for others.
std::string ShedLevelWord(std::optional<double> level);

// A value of the setting shed_level as `stirbar shed` takes it: "auto" for -1, "off" for 0, and the
// words of ShedLevelWord for the rest.
std::string ShedSettingWord(double setting);

// The value of the setting shed_level that `word` means: on (as sheddable), off, auto, background,
// sheddable, normal. Failure: names the word and what is allowed.
Result<double> ParseShedLevel(std::string_view word);

}  // namespace stirbar

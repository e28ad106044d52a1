// The version that every answer names.
#pragma once

#include <string_view>

namespace stirbar {

// "0.1.0": the project's version in CMakeLists.txt.
std::string_view Version();

}  // namespace stirbar

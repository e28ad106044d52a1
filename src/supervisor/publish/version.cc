#include "supervisor/publish/version.h"

// CMake passes it; a build without CMake is recognisable.
#ifndef STIRBAR_VERSION
#define STIRBAR_VERSION "0.0.0"
#endif

namespace stirbar {

std::string_view Version() { return STIRBAR_VERSION; }

}  // namespace stirbar

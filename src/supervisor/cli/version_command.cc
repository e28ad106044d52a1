#include <cstdio>

#include "segment/layout.h"
#include "supervisor/cli/commands.h"
#include "supervisor/publish/version.h"

namespace stirbar {

int VersionCommand(Output output) {
  const std::string version(Version());
  if (output == Output::kJson) {
    std::printf("{\"version\": \"%s\", \"layout_version\": %u}\n", version.c_str(), kLayoutVersion);
  } else {
    std::printf("stirbar %s (segment layout %u)\n", version.c_str(), kLayoutVersion);
  }
  return 0;
}

}  // namespace stirbar

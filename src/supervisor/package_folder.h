// Finds the Python package `stirbar` that this binary was installed with.
#pragma once

#include "base/result.h"

namespace stirbar {

// The folder of the package: $STIRBAR_PACKAGE, else site-packages or dist-packages beside the
// running binary (bin/stirbar -> lib/python3.*/...-packages/stirbar). With several Python versions
// beside it, the highest. Failure: names the places that were looked at.
Result<std::string> FindPackageFolder();

}  // namespace stirbar

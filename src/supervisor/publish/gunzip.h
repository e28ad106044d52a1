// For the rare client that does not accept gzip: embedded files exist in no other form.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace stirbar {

// What `gzip` holds: one member without optional header fields, as embed_web_assets.py writes it.
// Failure: it is something else, is cut, or holds more than 16 MiB. The check sum is not looked at:
// the bytes are part of the program. Time: some 5 ms a MiB.
Result<std::string> Gunzip(std::string_view gzip);

}  // namespace stirbar

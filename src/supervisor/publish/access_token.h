// The secret that opens the supervisor's pages to other machines, and the two operations that must
// be done right with any secret: making and comparing it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace stirbar {

// The token in the file at `path`; made at first use: 32 random bytes as 64 hexadecimal digits, in
// a file of mode 0600, in a directory of mode 0700 if it has to be made. Two processes that start
// at once get the same token.
//
// Refused, with what to do: a file that others may read or that belongs to somebody else, a
// symbolic link, a directory in which others may write, and a token of fewer than 32 characters.
Result<std::string> LoadOrCreateToken(const std::filesystem::path& path);

// 256 random bits from the kernel as 64 hexadecimal digits. Aborts when the kernel has none.
std::string RandomToken();

// Whether they are equal, in a time that depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace stirbar

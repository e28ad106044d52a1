// Texts of a pool's servers, which their worker may be writing.
#pragma once

#include <cstring>
#include <string>

#include "segment/layout.h"
#include "segment/shared_words.h"

namespace stirbar {

// A copy of `text`, bounded whatever the bytes are.
template <size_t Bytes>
std::string SharedText(const char (&text)[Bytes]) {
  static_assert(Bytes % sizeof(uint64_t) == 0);
  char copy[Bytes];
  LoadShared(copy, text, Bytes);
  return {copy, strnlen(copy, Bytes)};
}

inline std::string NameOfTarget(const PoolTarget& target) { return SharedText(target.name); }

}  // namespace stirbar

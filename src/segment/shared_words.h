// Copies between this process's memory and shared memory that somebody may write or read at the
// same moment: word by word, each one atomic, so that a copy may be torn between words (which the
// record's sequence tells) but is never undefined.
//
// Release stores and acquire loads in place of fences: stores of the copy stay behind the "being
// written" mark before them, loads stay before the second look at the sequence. On x86 they are
// plain moves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace stirbar {

using AliasedWord [[gnu::may_alias]] = uint64_t;

// `shared`: aligned to 8 bytes, and with room for whole words; the last one is filled up with
// zeros.
inline void StoreShared(void* shared, const void* from, size_t bytes) noexcept {
  auto* const words = static_cast<AliasedWord*>(shared);
  const auto* const source = static_cast<const char*>(from);
  for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, source + at, std::min(bytes - at, sizeof word));
    __atomic_store_n(&words[at / sizeof word], word, __ATOMIC_RELEASE);
  }
}

inline void LoadShared(void* to, const void* shared, size_t bytes) noexcept {
  const auto* const words = static_cast<const AliasedWord*>(shared);
  auto* const target = static_cast<char*>(to);
  for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
    const uint64_t word = __atomic_load_n(&words[at / sizeof word], __ATOMIC_ACQUIRE);
    std::memcpy(target + at, &word, std::min(bytes - at, sizeof word));
  }
}

}  // namespace stirbar

// Texts come from the app (routes, commands, events) and may have been cut in the middle of a
// character. JSON and Prometheus readers refuse a whole answer for one wrong byte, so every text is
// checked on its way out.
#pragma once

#include <cstddef>
#include <string_view>

namespace stirbar {

// U+FFFD, which stands for a byte that belongs to no character.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// Bytes of the character that `text` begins with (1..4); 0 when it begins with none, that is, when
// it is empty or its first byte starts no well-formed sequence (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
size_t Utf8Length(std::string_view text);

}  // namespace stirbar

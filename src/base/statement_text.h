// SQL as it may be shown: no literal of it, so that nothing of a user's data is.
#pragma once

#include <cstddef>
#include <string_view>

namespace stirbar {

enum class SqlDialect {
  kStandard,  // "x" is a name; a backslash is a letter, except in E'...'
  kMySql,     // "x" is a string; a backslash takes the next letter's meaning
};

// Writes `statement` to `out` (`capacity` bytes, NUL-terminated, at least 4), and returns its
// length. Replaced by '?': quoted strings ('...', $tag$...$tag$, in MySQL "..."), numbers that are
// no part of a name. Dropped: comments, which may carry trace
// identifiers or a user's name. White space becomes one blank. Placeholders (?, :name, %(name)s,
// %s, $1, @name) stay. What is unterminated is taken as a literal to the end.
// Too long: cut with "..." between two UTF-8 sequences.
// Time: one pass, ended when `out` is full. No allocation.
size_t ShowStatement(std::string_view statement, SqlDialect dialect, char* out, size_t capacity);

}  // namespace stirbar

#include "probe/arena_figures.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace stirbar {
namespace {

// The number behind the last '=' or, of lines, before the end of the one that contains `mark`;
// written with commas in some versions.
uint64_t NumberOf(const char* text, const char* mark) {
  const char* const line = std::strstr(text, mark);
  const char* at = line != nullptr ? std::strchr(line, '=') : nullptr;
  if (at == nullptr) return 0;
  uint64_t number = 0;
  for (++at; *at != '\0' && *at != '\n'; ++at) {
    if (*at >= '0' && *at <= '9') number = number * 10 + static_cast<uint64_t>(*at - '0');
  }
  return number;
}

}  // namespace

ArenaFigures ParseArenas(const char* text) noexcept {
  return {NumberOf(text, "bytes/arena"), NumberOf(text, "# bytes in allocated blocks")};
}

ArenaFigures ReadArenas() noexcept {
  // By name: an interpreter that has it may not show it (CPython 3.13 hides some of its inside).
  using Write = int (*)(FILE*);
  static const auto write =
      reinterpret_cast<Write>(dlsym(RTLD_DEFAULT, "_PyObject_DebugMallocStats"));
  if (write == nullptr) return {};
  char* text = nullptr;
  size_t bytes = 0;
  FILE* const file = open_memstream(&text, &bytes);
  if (file == nullptr) return {};
  write(file);
  std::fclose(file);
  const ArenaFigures figures = text != nullptr ? ParseArenas(text) : ArenaFigures{};
  std::free(text);
  return figures;
}

}  // namespace stirbar

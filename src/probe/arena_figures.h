// How full Python's own arenas are: what a trim cannot give back while objects lie scattered there.
#pragma once

#include <cstdint>

namespace stirbar {

struct ArenaFigures {
  uint64_t bytes = 0;       // of all arenas; 0: not known
  uint64_t used_bytes = 0;  // in objects
};

// What sys._debugmallocstats() says, read without a round by stderr. 0 where this Python does not
// offer it, or has another allocator (PYTHONMALLOC=malloc). Threads: with the interpreter lock
// held. Time: it looks at every pool of 16 KiB, about 6 ms per GiB.
ArenaFigures ReadArenas() noexcept;

// The same of that text.
ArenaFigures ParseArenas(const char* text) noexcept;

}  // namespace stirbar

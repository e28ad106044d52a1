/* The layout of this interpreter's structs, for a reader outside of the process.
 *
 * C, because CPython's internal headers are: they do not compile as C++20. */
#ifndef STIRBAR_PROBE_INTERPRETER_OFFSETS_H_
#define STIRBAR_PROBE_INTERPRETER_OFFSETS_H_

#include <stdint.h>

#include "segment/interpreter_offsets.h"

#ifdef __cplusplus
extern "C" {
#endif

struct StirbarInterpreterLayout {
  uint32_t version; /* PY_VERSION_HEX of the headers */
  uint32_t count;   /* kInterpreterOffsetCount, or 0: none are known, offsets[0] says why */
  uint32_t offsets[kInterpreterOffsetCount];
  uint64_t runtime;     /* address of _PyRuntime */
  uint64_t interpreter; /* address of the main PyInterpreterState */
};

/* Fills `layout`, and checks it on the calling thread, whose state, frame and names it knows by
 * Python's public functions as well: offsets of another patch release than the headers' are found
 * out here and not by a reader who sees nonsense.
 * Threads: with the interpreter lock held, in a Python function (there is a frame). Time: 20 us. */
void StirbarLearnInterpreter(struct StirbarInterpreterLayout* layout);

#ifdef __cplusplus
}
#endif

#endif

/* Where the interpreter lock of this process lies. In C, because CPython's internal headers, which
   know it, do not compile as C++20 (facts: HAVE_STD_ATOMIC). */
#ifndef STIRBAR_PROBE_GIL_ADDRESS_H_
#define STIRBAR_PROBE_GIL_ADDRESS_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The first byte of the lock's state (its mutex and condition variables are within), and how many
   there are. Null: not known for this interpreter. Threads: any; asks for no lock. */
const void* StirbarGilState(size_t* bytes);

#ifdef __cplusplus
}
#endif

#endif /* STIRBAR_PROBE_GIL_ADDRESS_H_ */

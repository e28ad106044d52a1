// How the probe's thread-local variables are reached.
#pragma once

#include <features.h>

// By a fixed offset from the thread pointer, and not by a call: 20 instructions less each time. An
// extension may do that under glibc, which keeps room for a few bytes of those loaded late.
#ifdef __GLIBC__
#define STIRBAR_FAST_TLS [[gnu::tls_model("initial-exec")]]
#else
#define STIRBAR_FAST_TLS
#endif

#define Py_BUILD_CORE 1
#include <Python.h>
/* First, because CPython asks for it. */

#include "probe/gil_address.h"

#if PY_VERSION_HEX >= 0x030A0000 && PY_VERSION_HEX < 0x030F0000 && !defined(Py_GIL_DISABLED)
#include "internal/pycore_gil.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"

const void* StirbarGilState(size_t* bytes) {
  *bytes = sizeof(struct _gil_runtime_state);
#if PY_VERSION_HEX < 0x030C0000
  return &_PyRuntime.ceval.gil;
#else
  const PyInterpreterState* const interpreter = PyInterpreterState_Main();
  return interpreter != NULL ? interpreter->ceval.gil : NULL;
#endif
}

#else

const void* StirbarGilState(size_t* bytes) {
  *bytes = 0;
  return NULL;
}

#endif

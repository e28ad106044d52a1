#define _GNU_SOURCE 1 /* process_vm_readv */
#define Py_BUILD_CORE_MODULE 1
#include <Python.h>
/* First, because CPython asks for it. */

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "probe/interpreter_offsets.h"

/* The versions whose headers have been read. A later one publishes nothing until its have been. */
#if PY_VERSION_HEX >= 0x030A0000 && PY_VERSION_HEX < 0x030F0000 && !defined(Py_GIL_DISABLED) && \
    !defined(PYPY_VERSION)
#define STIRBAR_KNOWN_LAYOUT 1
#endif

#ifdef STIRBAR_KNOWN_LAYOUT

#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#if PY_VERSION_HEX >= 0x030B0000
#include <internal/pycore_code.h>
#include <internal/pycore_frame.h>
#endif
#if PY_VERSION_HEX >= 0x030E0000
#include <internal/pycore_interp_structs.h>
#include <internal/pycore_interpframe_structs.h>
#include <internal/pycore_runtime_structs.h>
#endif
#if PY_VERSION_HEX < 0x030B0000
#include <frameobject.h>
#endif

typedef struct _gil_runtime_state Gil;
#if PY_VERSION_HEX >= 0x030B0000
typedef _PyInterpreterFrame Frame;
#else
typedef PyFrameObject Frame;
#endif

#define END_OF(type, field) ((uint32_t)(offsetof(type, field) + sizeof(((type*)0)->field)))

static uint32_t Largest(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* The lowest bit that is set; 0 when none is. */
static uint32_t LowestBit(uint32_t word) { return word == 0 ? 0 : (uint32_t)__builtin_ctz(word); }

static uint32_t StateWord(const PyASCIIObject* string) {
  uint32_t word;
  memcpy(&word, &string->state, sizeof word);
  return word;
}

/* Bit fields have no offsetof: the compiler is asked where it puts them. */
static void FillStrings(uint32_t* offsets) {
  PyASCIIObject probe;
  offsets[kStringLength] = offsetof(PyASCIIObject, length);
  offsets[kStringState] = offsetof(PyASCIIObject, state);
  memset(&probe, 0, sizeof probe);
  probe.state.kind = 7;
  offsets[kStringKindShift] = LowestBit(StateWord(&probe));
  memset(&probe, 0, sizeof probe);
  probe.state.compact = 1;
  offsets[kStringCompactShift] = LowestBit(StateWord(&probe));
  memset(&probe, 0, sizeof probe);
  probe.state.ascii = 1;
  offsets[kStringAsciiShift] = LowestBit(StateWord(&probe));
  offsets[kStringAsciiBytes] = sizeof(PyASCIIObject);
  offsets[kStringCompactBytes] = sizeof(PyCompactUnicodeObject);
  offsets[kObjectType] = offsetof(PyObject, ob_type);
  offsets[kBytesLength] = offsetof(PyVarObject, ob_size);
  offsets[kBytesData] = offsetof(PyBytesObject, ob_sval);
}

static void FillLock(uint32_t* offsets) {
#if PY_VERSION_HEX < 0x030C0000
  offsets[kRuntimeGil] = offsetof(_PyRuntimeState, ceval.gil);
#else
  offsets[kInterpreterGil] = offsetof(PyInterpreterState, ceval.gil);
#endif
#if PY_VERSION_HEX < 0x030D0000
  offsets[kInterpreterDropRequest] = offsetof(PyInterpreterState, ceval.gil_drop_request);
#else
  offsets[kThreadEvalBreaker] = offsetof(PyThreadState, eval_breaker);
#endif
  offsets[kGilBytes] = sizeof(Gil);
  offsets[kGilLocked] = offsetof(Gil, locked);
  offsets[kGilLastHolder] = offsetof(Gil, last_holder);
  offsets[kGilSwitchNumber] = offsetof(Gil, switch_number);
}

static void FillThreads(uint32_t* offsets) {
  uint32_t bytes = 0;
#if PY_VERSION_HEX < 0x030B0000
  offsets[kInterpreterThreads] = offsetof(PyInterpreterState, tstate_head);
#else
  offsets[kInterpreterThreads] = offsetof(PyInterpreterState, threads.head);
  offsets[kThreadNativeId] = offsetof(PyThreadState, native_thread_id);
  bytes = END_OF(PyThreadState, native_thread_id);
#endif
#if PY_VERSION_HEX < 0x030B0000
  offsets[kThreadFrame] = offsetof(PyThreadState, frame);
  bytes = Largest(bytes, END_OF(PyThreadState, frame));
#elif PY_VERSION_HEX < 0x030D0000
  offsets[kThreadCFrame] = offsetof(PyThreadState, cframe);
  offsets[kCFrameFrame] = offsetof(_PyCFrame, current_frame);
  bytes = Largest(bytes, END_OF(PyThreadState, cframe));
#else
  offsets[kThreadFrame] = offsetof(PyThreadState, current_frame);
  bytes = Largest(bytes, END_OF(PyThreadState, current_frame));
#endif
  offsets[kRuntimeMainThread] = offsetof(_PyRuntimeState, main_thread);
  offsets[kThreadPrevious] = offsetof(PyThreadState, prev);
  offsets[kThreadNext] = offsetof(PyThreadState, next);
  offsets[kThreadInterpreter] = offsetof(PyThreadState, interp);
  offsets[kThreadIdent] = offsetof(PyThreadState, thread_id);
  bytes = Largest(bytes, END_OF(PyThreadState, interp));
  offsets[kThreadBytes] = Largest(bytes, END_OF(PyThreadState, thread_id));
}

static void FillFrames(uint32_t* offsets) {
  uint32_t bytes = 0;
  offsets[kFrameCodeTagBits] = 0;
#if PY_VERSION_HEX < 0x030B0000
  offsets[kFramePrevious] = offsetof(Frame, f_back);
  offsets[kFrameCode] = offsetof(Frame, f_code);
  offsets[kFrameLastIndex] = offsetof(Frame, f_lasti);
  bytes = END_OF(Frame, f_lasti);
#else
  offsets[kFramePrevious] = offsetof(Frame, previous);
  offsets[kFrameOwner] = offsetof(Frame, owner);
  offsets[kFrameGenerator] = FRAME_OWNED_BY_GENERATOR;
  bytes = END_OF(Frame, owner);
#if PY_VERSION_HEX < 0x030D0000
  offsets[kFrameCode] = offsetof(Frame, f_code);
  offsets[kFrameInstruction] = offsetof(Frame, prev_instr);
  bytes = Largest(bytes, END_OF(Frame, f_code));
  bytes = Largest(bytes, END_OF(Frame, prev_instr));
#else
  offsets[kFrameCode] = offsetof(Frame, f_executable);
  offsets[kFrameInstruction] = offsetof(Frame, instr_ptr);
  bytes = Largest(bytes, END_OF(Frame, f_executable));
  bytes = Largest(bytes, END_OF(Frame, instr_ptr));
#endif
#if PY_VERSION_HEX >= 0x030E0000
  offsets[kFrameCodeTagBits] = 7; /* _PyStackRef: objects are aligned, and the tag is below */
  offsets[kFrameForeignOwner] = FRAME_OWNED_BY_INTERPRETER;
#elif PY_VERSION_HEX >= 0x030C0000
  offsets[kFrameForeignOwner] = FRAME_OWNED_BY_CSTACK;
#endif
#endif
  offsets[kFrameBytes] = bytes;
}

static void FillCode(uint32_t* offsets) {
  uint32_t bytes = Largest(END_OF(PyCodeObject, co_filename), END_OF(PyCodeObject, co_name));
  bytes = Largest(bytes, END_OF(PyCodeObject, co_linetable));
  bytes = Largest(bytes, END_OF(PyCodeObject, co_firstlineno));
  offsets[kCodeFileName] = offsetof(PyCodeObject, co_filename);
  offsets[kCodeName] = offsetof(PyCodeObject, co_name);
  offsets[kCodeLineTable] = offsetof(PyCodeObject, co_linetable);
  offsets[kCodeFirstLine] = offsetof(PyCodeObject, co_firstlineno);
#if PY_VERSION_HEX >= 0x030B0000
  offsets[kCodeQualifiedName] = offsetof(PyCodeObject, co_qualname);
  offsets[kCodeUnits] = offsetof(PyVarObject, ob_size);
  offsets[kCodeFirstTraceable] = offsetof(PyCodeObject, _co_firsttraceable);
  offsets[kCodeInstructions] = offsetof(PyCodeObject, co_code_adaptive);
  bytes = Largest(bytes, END_OF(PyCodeObject, co_qualname));
  bytes = Largest(bytes, END_OF(PyCodeObject, _co_firsttraceable));
#endif
  offsets[kCodeBytes] = bytes;
}

/* What a reader outside does, and by its means: where an offset is wrong, the system call fails,
 * and no app crashes. Zero where nothing can be read. */
static void Copy(uint64_t address, void* to, size_t bytes) {
  struct iovec local = {to, bytes};
  struct iovec remote = {(void*)(uintptr_t)address, bytes};
  if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)bytes) memset(to, 0, bytes);
}

static uint64_t WordAt(uint64_t address, uint32_t offset) {
  uint64_t word = 0;
  Copy(address + offset, &word, sizeof word);
  return word;
}

static int IntAt(uint64_t address, uint32_t offset) {
  int number = 0;
  Copy(address + offset, &number, sizeof number);
  return number;
}

/* Some containers (seccomp) forbid that call: then nobody outside will read anything either. */
static int MayRead(void) {
  uint64_t magic = 0x5354495242415221u;
  return WordAt((uint64_t)(uintptr_t)&magic, 0) == magic;
}

static uint64_t FrameOf(uint64_t thread, const uint32_t* offsets) {
  if (offsets[kThreadFrame] != STIRBAR_OFFSET_ABSENT) return WordAt(thread, offsets[kThreadFrame]);
  return WordAt(WordAt(thread, offsets[kThreadCFrame]), offsets[kCFrameFrame]);
}

/* The names of the running function, found by the offsets, are those that Python gives. */
static int FrameAgrees(uint64_t thread, const uint32_t* offsets) {
  uint64_t frame = FrameOf(thread, offsets);
  PyFrameObject* const known = PyEval_GetFrame(); /* borrowed */
  if (known == NULL) return 1;                    /* not to be told */
  PyCodeObject* const code = PyFrame_GetCode(known);
  int agrees = 0;
  for (int hops = 0; frame != 0 && hops < 4; ++hops) {
    const uint64_t found =
        WordAt(frame, offsets[kFrameCode]) & ~(uint64_t)offsets[kFrameCodeTagBits];
    if (found == (uint64_t)(uintptr_t)code) {
      agrees = WordAt(found, offsets[kCodeFileName]) == (uint64_t)(uintptr_t)code->co_filename &&
               WordAt(found, offsets[kCodeName]) == (uint64_t)(uintptr_t)code->co_name &&
               IntAt(found, offsets[kCodeFirstLine]) == code->co_firstlineno;
      break;
    }
    /* Frames of the interpreter itself lie in front of the function's. */
    frame = WordAt(frame, offsets[kFramePrevious]);
  }
  Py_DECREF(code);
  return agrees;
}

static int Agrees(const struct StirbarInterpreterLayout* layout) {
  const uint32_t* const offsets = layout->offsets;
  PyThreadState* const self = PyThreadState_Get();
  const uint64_t thread = (uint64_t)(uintptr_t)self;
  if (PyThreadState_GetInterpreter(self) != PyInterpreterState_Main())
    return 1; /* not to be told */
  if (WordAt(thread, offsets[kThreadInterpreter]) != layout->interpreter) return 0;
  if (WordAt(thread, offsets[kThreadIdent]) != PyThread_get_thread_ident()) return 0;
  /* The main thread after a fork behind Python's back (uWSGI) has its parent's id there. */
  const uint64_t native_id = (uint64_t)syscall(SYS_gettid);
  if (offsets[kThreadNativeId] != STIRBAR_OFFSET_ABSENT && native_id != (uint64_t)getpid() &&
      WordAt(thread, offsets[kThreadNativeId]) != native_id) {
    return 0;
  }
  uint64_t one = WordAt(layout->interpreter, offsets[kInterpreterThreads]);
  for (int hops = 0; one != 0 && one != thread && hops < 1000; ++hops) {
    one = WordAt(one, offsets[kThreadNext]);
  }
  if (one != thread) return 0;
  const uint64_t gil = offsets[kRuntimeGil] != STIRBAR_OFFSET_ABSENT
                           ? layout->runtime + offsets[kRuntimeGil]
                           : WordAt(layout->interpreter, offsets[kInterpreterGil]);
  if (gil == 0 || IntAt(gil, offsets[kGilLocked]) != 1) return 0;
  if (WordAt(gil, offsets[kGilLastHolder]) != thread) return 0;
  return FrameAgrees(thread, offsets);
}

static uint32_t DifferenceTo(const void* symbol) {
  return (uint32_t)(int32_t)((const char*)symbol - (const char*)&_PyRuntime);
}

void StirbarLearnInterpreter(struct StirbarInterpreterLayout* layout) {
  uint32_t* const offsets = layout->offsets;
  layout->version = PY_VERSION_HEX;
  layout->runtime = (uint64_t)(uintptr_t)&_PyRuntime;
  layout->interpreter = (uint64_t)(uintptr_t)PyInterpreterState_Main();
  for (int i = 0; i < kInterpreterOffsetCount; ++i) offsets[i] = STIRBAR_OFFSET_ABSENT;
  offsets[kRuntimeToCodeType] = DifferenceTo(&PyCode_Type);
  offsets[kRuntimeToStringType] = DifferenceTo(&PyUnicode_Type);
  offsets[kRuntimeToBytesType] = DifferenceTo(&PyBytes_Type);
  FillStrings(offsets);
  FillLock(offsets);
  FillThreads(offsets);
  FillFrames(offsets);
  FillCode(offsets);
  layout->count = kInterpreterOffsetCount;
  /* A patch release may move what is internal: between releases of one minor version the size of
   * the structs above has changed before. */
  if (!MayRead()) {
    layout->count = 0;
    offsets[0] = kOffsetsNotReadable;
  } else if (!Agrees(layout)) {
    layout->count = 0;
    offsets[0] = kOffsetsDisagree;
  }
}

#else

void StirbarLearnInterpreter(struct StirbarInterpreterLayout* layout) {
  memset(layout, 0, sizeof *layout);
  layout->version = PY_VERSION_HEX;
#ifdef Py_GIL_DISABLED
  layout->offsets[0] = kOffsetsFreeThreaded;
#else
  layout->offsets[0] = kOffsetsUnknownVersion;
#endif
}

#endif

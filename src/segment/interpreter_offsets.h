/* What InterpreterMap::offsets holds (segment/layout.h), by index. Written by the probe, which is
 * compiled against the interpreter's own headers (probe/interpreter_offsets.c), and read by the
 * supervisor (collect/interpreter_view.h). C, because those headers are.
 *
 * Offsets are in bytes from the start of the struct named; STIRBAR_OFFSET_ABSENT where this version
 * of Python has no such thing. Order is part of the segment's layout: add at the end. */
#ifndef STIRBAR_SEGMENT_INTERPRETER_OFFSETS_H_
#define STIRBAR_SEGMENT_INTERPRETER_OFFSETS_H_

#define STIRBAR_OFFSET_ABSENT 0xFFFFFFFFu

enum StirbarInterpreterOffset {
  /* _PyRuntime */
  kRuntimeGil,        /* the lock itself (3.10, 3.11) */
  kRuntimeMainThread, /* pthread_self() of the main thread; absent: 3.13 and later need it not */
  /* Differences of addresses to that of _PyRuntime, two's complement: the three lie in one image.
   */
  kRuntimeToCodeType,
  kRuntimeToStringType,
  kRuntimeToBytesType,
  /* PyInterpreterState */
  kInterpreterGil,         /* pointer to the lock (3.12 and later) */
  kInterpreterThreads,     /* pointer to the newest PyThreadState */
  kInterpreterDropRequest, /* int: somebody waits for the lock (to 3.12) */
  /* the lock: struct _gil_runtime_state */
  kGilBytes,
  kGilLocked,
  kGilLastHolder,
  kGilSwitchNumber,
  /* PyThreadState */
  kThreadBytes, /* how much to read for all of it that is below */
  kThreadPrevious,
  kThreadNext,
  kThreadInterpreter,
  kThreadIdent,       /* pthread_self() */
  kThreadNativeId,    /* gettid() (3.11 and later) */
  kThreadCFrame,      /* pointer to what holds the frame (3.11, 3.12) */
  kThreadFrame,       /* pointer to the frame (3.10, 3.13 and later) */
  kThreadEvalBreaker, /* bit 0: somebody waits for the lock (3.13 and later) */
  /* _PyCFrame */
  kCFrameFrame,
  /* the frame: PyFrameObject (3.10), _PyInterpreterFrame (3.11 and later) */
  kFrameBytes, /* how much to read for all of it that is below */
  kFramePrevious,
  kFrameCode,
  kFrameCodeTagBits,  /* not an offset: low bits of the code's pointer that are no address */
  kFrameInstruction,  /* pointer to the instruction (3.11 and later) */
  kFrameLastIndex,    /* int: number of the instruction (3.10) */
  kFrameOwner,        /* char (3.11 and later) */
  kFrameForeignOwner, /* not an offset: from this owner on a frame runs no Python code */
  kFrameGenerator,    /* not an offset: the owner whose frames are never incomplete */
  /* PyCodeObject */
  kCodeBytes, /* how much to read for all of it that is below; the instructions follow */
  kCodeFileName,
  kCodeName,
  kCodeQualifiedName, /* 3.11 and later */
  kCodeLineTable,
  kCodeFirstLine,
  kCodeUnits,          /* number of instructions, two bytes each (3.11 and later) */
  kCodeFirstTraceable, /* int: before it, a frame is incomplete (3.11 and later) */
  kCodeInstructions,   /* where they begin (3.11 and later) */
  /* objects */
  kObjectType,
  kStringLength,
  kStringState,        /* 32 bits, of which the next three are positions */
  kStringKindShift,    /* of 3 bits: bytes per character */
  kStringCompactShift, /* of 1 bit */
  kStringAsciiShift,   /* of 1 bit */
  kStringAsciiBytes,   /* size of the head of an ASCII string: where its characters begin */
  kStringCompactBytes, /* size of the head of any other */
  kBytesLength,
  kBytesData,
  kInterpreterOffsetCount
};

/* In offsets[0] when `offset_count` is 0: why there are none. */
enum StirbarNoOffsets {
  kOffsetsUnknownVersion = 0, /* not one of 3.10 to 3.14 */
  kOffsetsFreeThreaded = 1,   /* a build without the interpreter lock */
  kOffsetsDisagree = 2,       /* another layout than the headers' (a patched interpreter) */
  kOffsetsNotReadable = 3     /* process_vm_readv is forbidden here (seccomp) */
};

#endif

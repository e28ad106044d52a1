#include "supervisor/collect/interpreter_view.h"

namespace stirbar {
namespace {

// Which must be there in every version, and whose value is an offset into a StructBuffer.
constexpr StirbarInterpreterOffset kSmall[] = {
    kGilLocked,          kGilLastHolder,     kGilSwitchNumber, kThreadBytes, kThreadPrevious,
    kThreadNext,         kThreadInterpreter, kThreadIdent,     kFrameBytes,  kFramePrevious,
    kFrameCode,          kCodeBytes,         kCodeFileName,    kCodeName,    kCodeLineTable,
    kCodeFirstLine,      kObjectType,        kStringLength,    kStringState, kStringAsciiBytes,
    kStringCompactBytes, kBytesLength,       kBytesData};
// The same, where there is one.
constexpr StirbarInterpreterOffset kSmallIfAny[] = {
    kThreadNativeId,     kThreadCFrame,     kThreadFrame,       kCFrameFrame,
    kFrameInstruction,   kFrameLastIndex,   kCodeQualifiedName, kCodeUnits,
    kCodeFirstTraceable, kCodeInstructions, kFrameOwner,        kThreadEvalBreaker};
constexpr StirbarInterpreterOffset kShifts[] = {kStringKindShift, kStringCompactShift,
                                                kStringAsciiShift};

bool IsSound(const InterpreterView& view) {
  constexpr uint32_t kMost = kStructBytes - sizeof(uint64_t);
  for (const auto name : kSmall) {
    if (view[name] > kMost) return false;
  }
  for (const auto name : kSmallIfAny) {
    if (view.Has(name) && view[name] > kMost) return false;
  }
  for (const auto name : kShifts) {
    if (view[name] > 29) return false;
  }
  const bool has_frame =
      view.Has(kThreadFrame) || (view.Has(kThreadCFrame) && view.Has(kCFrameFrame));
  const bool has_place =
      view.Has(kFrameLastIndex) || (view.Has(kFrameInstruction) && view.Has(kCodeInstructions));
  return has_frame && has_place && view.Has(kInterpreterThreads) && view.runtime != 0 &&
         view.interpreter != 0;
}

std::string WhyNone(uint32_t reason, uint32_t version) {
  const std::string python = "Python " + PythonVersion(version);
  switch (reason) {
    case kOffsetsFreeThreaded:
      return python + " without the interpreter lock (free-threaded) is not known to this build";
    case kOffsetsDisagree:
      return "this " + python +
             " lays its frames out in another way than the release that Stirbar was built with: "
             "build Stirbar with it (pip install --no-binary stirbar stirbar)";
    case kOffsetsNotReadable:
      return "process_vm_readv is forbidden in this container (seccomp): allow SYS_PTRACE";
    default:
      return python + " is not known to this build: stacks are read of 3.10 to 3.14";
  }
}

}  // namespace

Result<InterpreterView> ViewOf(const InterpreterMap& map) {
  // Acquire: all that was written before is seen.
  if (map.ready.load(std::memory_order_acquire) != 1) {
    return Error{"the worker has not published where its interpreter lies"};
  }
  InterpreterView view;
  view.version = map.python_version.load(std::memory_order_relaxed);
  view.runtime = map.runtime.load(std::memory_order_relaxed);
  view.interpreter = map.interpreter.load(std::memory_order_relaxed);
  const uint32_t count = map.offset_count.load(std::memory_order_relaxed);
  if (count == 0) {
    return Error{WhyNone(map.offsets[0].load(std::memory_order_relaxed), view.version)};
  }
  if (count != kInterpreterOffsetCount) {
    return Error{"the worker's extension is of another version of Stirbar"};
  }
  for (size_t i = 0; i < view.offsets.size(); ++i) {
    view.offsets[i] = map.offsets[i].load(std::memory_order_relaxed);
  }
  if (!IsSound(view)) return Error{"what the worker has published of its interpreter is damaged"};
  return view;
}

std::string PythonVersion(uint32_t version) {
  return std::to_string(version >> 24U) + "." + std::to_string(version >> 16U & 0xFFU);
}

}  // namespace stirbar

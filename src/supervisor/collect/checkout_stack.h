// From the stack of a checkout as the worker has kept it, addresses of code objects and places in
// them (segment/pool_layout.h), to functions, files and lines.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "segment/layout.h"
#include "supervisor/collect/code_reader.h"
#include "supervisor/collect/interpreter_view.h"
#include "supervisor/collect/remote_memory.h"
#include "supervisor/supervisor.h"

namespace stirbar {

struct CheckoutStack {
  std::vector<FrameSample> frames;  // innermost first, without those of SQLAlchemy at the inner end
  HolderKind holder = HolderKind::kUnknown;  // as SQLAlchemy's frames tell it
};

// Leaves the frames of SQLAlchemy, Flask-SQLAlchemy and Stirbar at the inner end out, with what of
// Python's library lies between them.
CheckoutStack WithoutLibrary(std::vector<FrameSample> frames);

// Reads the memory of one worker. The worker keeps the code objects alive while they stand in the
// segment, so that what is read soon after it is right; an address that holds no code object any
// more ends the stack.
//
// Time: 4 us for a code object that was not met before.
class CheckoutStackReader {
 public:
  // `memory` must outlive it.
  CheckoutStackReader(const Memory& memory, const InterpreterMap& map);
  CheckoutStackReader(const Memory& memory, const InterpreterView& view)
      : view_(view), codes_(memory, view_) {}
  CheckoutStackReader(const CheckoutStackReader&) = delete;
  CheckoutStackReader& operator=(const CheckoutStackReader&) = delete;

  // Why nothing can be read; empty otherwise.
  const std::string& unavailable() const { return unavailable_; }

  template <typename Entries>
  CheckoutStack Read(const Entries& entries) {
    std::vector<FrameSample> frames;
    for (const auto& entry : entries) {
      if (entry.code == 0 || !Append(entry.code, entry.instruction, &frames)) break;
    }
    return WithoutLibrary(std::move(frames));
  }

 private:
  bool Append(uint64_t code, uint64_t instruction, std::vector<FrameSample>* frames);

  std::string unavailable_;
  InterpreterView view_;
  CodeReader codes_;
};

}  // namespace stirbar

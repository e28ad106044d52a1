// For the tests of this folder: an interpreter made of a few blocks of bytes, laid out in a way
// that no Python has, and changed by the test while it is read.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/collect/interpreter_view.h"
#include "supervisor/collect/remote_memory.h"

namespace stirbar {

// Blocks at chosen addresses; all else cannot be read.
class FakeMemory : public Memory {
 public:
  using Memory::Read;
  bool Read(std::span<const MemoryPiece> pieces) const override {
    ++reads_;
    if (before_read) before_read(reads_);
    for (const MemoryPiece& piece : pieces) {
      const unsigned char* const from = Find(piece.address, piece.bytes);
      if (from == nullptr) return false;
      std::memcpy(piece.to, from, piece.bytes);
    }
    return true;
  }

  // A new block of zeros, far from all others.
  uint64_t Allocate(size_t bytes) {
    const uint64_t address = next_;
    next_ += (bytes / 4096 + 2) * 4096;
    blocks_[address].resize(bytes);
    return address;
  }
  template <typename T>
  void Put(uint64_t address, T value) {
    std::memcpy(const_cast<unsigned char*>(Find(address, sizeof value)), &value, sizeof value);
  }
  void PutBytes(uint64_t address, const void* from, size_t bytes) {
    if (bytes > 0) std::memcpy(const_cast<unsigned char*>(Find(address, bytes)), from, bytes);
  }

  // Called in front of each read with its number, the first of which is 1: the app goes on.
  std::function<void(int)> before_read;
  int reads() const { return reads_; }

 private:
  const unsigned char* Find(uint64_t address, size_t bytes) const {
    auto place = blocks_.upper_bound(address);
    if (place == blocks_.begin()) return nullptr;
    --place;
    const uint64_t at = address - place->first;
    if (at + bytes > place->second.size()) return nullptr;
    return place->second.data() + at;
  }

  std::map<uint64_t, std::vector<unsigned char>> blocks_;
  uint64_t next_ = 0x10000;
  mutable int reads_ = 0;
};

class FakeInterpreter {
 public:
  FakeInterpreter() {
    view_.version = 0x030D00F0;
    view_.offsets.fill(STIRBAR_OFFSET_ABSENT);
    const std::pair<StirbarInterpreterOffset, uint32_t> offsets[] = {{kRuntimeToCodeType, 0x1000},
                                                                     {kRuntimeToStringType, 0x2000},
                                                                     {kRuntimeToBytesType, 0x3000},
                                                                     {kRuntimeMainThread, 64},
                                                                     {kInterpreterGil, 8},
                                                                     {kInterpreterThreads, 16},
                                                                     {kGilBytes, 64},
                                                                     {kGilLocked, 16},
                                                                     {kGilLastHolder, 8},
                                                                     {kGilSwitchNumber, 24},
                                                                     {kThreadBytes, 64},
                                                                     {kThreadPrevious, 0},
                                                                     {kThreadNext, 8},
                                                                     {kThreadInterpreter, 16},
                                                                     {kThreadIdent, 24},
                                                                     {kThreadNativeId, 32},
                                                                     {kThreadFrame, 40},
                                                                     {kThreadEvalBreaker, 48},
                                                                     {kFrameBytes, 32},
                                                                     {kFramePrevious, 8},
                                                                     {kFrameCode, 0},
                                                                     {kFrameCodeTagBits, 0},
                                                                     {kFrameInstruction, 16},
                                                                     {kFrameOwner, 24},
                                                                     {kFrameForeignOwner, 3},
                                                                     {kFrameGenerator, 1},
                                                                     {kCodeBytes, 72},
                                                                     {kCodeFileName, 16},
                                                                     {kCodeName, 24},
                                                                     {kCodeQualifiedName, 32},
                                                                     {kCodeLineTable, 40},
                                                                     {kCodeFirstLine, 48},
                                                                     {kCodeUnits, 56},
                                                                     {kCodeFirstTraceable, 64},
                                                                     {kCodeInstructions, 72},
                                                                     {kObjectType, 8},
                                                                     {kStringLength, 16},
                                                                     {kStringState, 24},
                                                                     {kStringKindShift, 2},
                                                                     {kStringCompactShift, 5},
                                                                     {kStringAsciiShift, 6},
                                                                     {kStringAsciiBytes, 32},
                                                                     {kStringCompactBytes, 48},
                                                                     {kBytesLength, 16},
                                                                     {kBytesData, 24}};
    for (const auto& [name, offset] : offsets) view_.offsets[name] = offset;
    view_.runtime = memory_.Allocate(128);
    view_.interpreter = memory_.Allocate(64);
    gil_ = memory_.Allocate(64);
    memory_.Put(view_.interpreter + 8, gil_);
  }

  FakeMemory& memory() { return memory_; }
  InterpreterView& view() { return view_; }
  uint64_t gil() const { return gil_; }

  // Threads are listed in the order in which they were added.
  uint64_t AddThread(uint64_t ident, uint64_t native_id) {
    const uint64_t thread = memory_.Allocate(64);
    memory_.Put(thread, last_thread_);
    memory_.Put(last_thread_ != 0 ? last_thread_ + 8 : view_.interpreter + 16, thread);
    memory_.Put(thread + 16, view_.interpreter);
    memory_.Put(thread + 24, ident);
    memory_.Put(thread + 32, native_id);
    last_thread_ = thread;
    return thread;
  }
  void SetTop(uint64_t thread, uint64_t frame) { memory_.Put(thread + 40, frame); }
  void Lock(uint64_t thread, uint64_t switch_number) {
    memory_.Put(gil_ + 16, int32_t{1});
    memory_.Put(gil_ + 8, thread);
    memory_.Put(gil_ + 24, switch_number);
  }

  uint64_t AddString(std::u32string_view text, uint32_t kind = 1, bool ascii = true) {
    const uint64_t head = ascii ? 32 : 48;
    const uint64_t string = memory_.Allocate(head + text.size() * kind);
    memory_.Put(string + 8, view_.TypeAt(kRuntimeToStringType));
    memory_.Put(string + 16, uint64_t{text.size()});
    memory_.Put(string + 24, kind << 2U | 1U << 5U | (ascii ? 1U << 6U : 0U));
    for (size_t i = 0; i < text.size(); ++i) {
      const uint32_t character = text[i];
      memory_.PutBytes(string + head + i * kind, &character, kind);
    }
    return string;
  }

  // Code of ten instructions, the n-th of which is in line first_line + n.
  uint64_t AddCode(std::u32string_view function, uint32_t first_line) {
    const uint64_t table = memory_.Allocate(24 + 10 * 3);
    memory_.Put(table + 8, view_.TypeAt(kRuntimeToBytesType));
    memory_.Put(table + 16, uint64_t{30});
    for (unsigned i = 0; i < 10; ++i) {
      const uint8_t entry[] = {static_cast<uint8_t>((i == 0 ? 0xD0U : 0xD8U)), 0, 0};
      memory_.PutBytes(table + 24 + 3 * i, entry, 3);
    }
    const uint64_t code = memory_.Allocate(72 + 20);
    memory_.Put(code + 8, view_.TypeAt(kRuntimeToCodeType));
    memory_.Put(code + 16, AddString(U"/srv/app.py"));
    memory_.Put(code + 24, AddString(function));
    memory_.Put(code + 32, AddString(function));
    memory_.Put(code + 40, table);
    memory_.Put(code + 48, first_line);
    memory_.Put(code + 56, uint64_t{10});
    return code;
  }

  uint64_t AddFrame(uint64_t code, unsigned instruction, uint64_t previous, uint8_t owner = 0) {
    const uint64_t frame = memory_.Allocate(32);
    memory_.Put(frame, code);
    memory_.Put(frame + 8, previous);
    memory_.Put(frame + 16, code + 72 + uint64_t{2} * instruction);
    memory_.Put(frame + 24, owner);
    return frame;
  }

 private:
  FakeMemory memory_;
  InterpreterView view_;
  uint64_t gil_ = 0;
  uint64_t last_thread_ = 0;
};

}  // namespace stirbar

// Reading another process's memory while it runs.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace stirbar {

struct MemoryPiece {
  uint64_t address = 0;
  void* to = nullptr;
  size_t bytes = 0;
};

// Memory that is not ours. Nothing read from it is true for longer than it takes to read it, and
// addresses found in it may lead anywhere: a read that fails is the normal end of following them.
class Memory {
 public:
  virtual ~Memory() = default;

  // Copies all pieces, in their order. False: some could not be read, and what `to` holds then is
  // undefined.
  virtual bool Read(std::span<const MemoryPiece> pieces) const = 0;

  bool Read(uint64_t address, void* to, size_t bytes) const {
    const MemoryPiece piece{address, to, bytes};
    return Read(std::span(&piece, 1));
  }
  template <typename T>
  bool Get(uint64_t address, T* value) const {
    return Read(address, value, sizeof(T));
  }
};

// By process_vm_readv: the process is neither stopped nor touched, and cannot notice.
// Time: about 1 us a call, and 0.1 us a piece.
class RemoteMemory : public Memory {
 public:
  explicit RemoteMemory(uint32_t pid) : pid_(pid) {}

  bool Read(std::span<const MemoryPiece> pieces) const override;
  using Memory::Read;

  // Of the newest read that failed; 0: none has.
  int error() const { return error_; }

 private:
  const uint32_t pid_;
  mutable int error_ = 0;
};

// Where readers get the memory of a process from; tests give them another.
using OpenMemory = std::function<std::unique_ptr<Memory>(uint32_t pid)>;
inline std::unique_ptr<Memory> OpenRemoteMemory(uint32_t pid) {
  return std::make_unique<RemoteMemory>(pid);
}

// Why the memory of `pid` cannot be read, with what to do about it: `error` is an errno.
std::string WhyUnreadable(uint32_t pid, int error);

}  // namespace stirbar

// The accept queue of the server's own listening sockets: shortened under overload to what can be
// answered in time, and given back. listen() called again on a listening socket changes its limit
// at once; connections that wait already stay.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace stirbar {

// Threads: Watch() before the beat thread runs; the rest by the beat thread alone, or when it has
// ended. Time: one system call a socket once a second while something is ordered, none otherwise.
// Failure: a socket that is not what it was is left alone.
class ListenBacklog {
 public:
  static constexpr size_t kMostSockets = 16;

  // The server listens on `descriptors`, and had asked for a queue of `own`; 0: not known, then the
  // limit that a TCP socket has now counts. Not listening sockets are left out.
  void Watch(std::span<const int> descriptors, uint32_t own) noexcept;

  // Makes the order hold: a queue of `ordered`; 0: the server's own, `own_elsewhere` where that is
  // not known here (0: not known there either). Called every 100 ms.
  void Apply(uint32_t ordered, uint32_t own_elsewhere, uint64_t now_ns) noexcept;

  // What is in force by order; 0: the server's own.
  uint32_t applied() const { return applied_; }

 private:
  struct Socket {
    int descriptor = -1;
    uint64_t inode = 0;  // a descriptor may come to mean another file
    uint32_t own = 0;
  };
  void Listen(uint32_t ordered, uint32_t own_elsewhere) noexcept;

  std::array<Socket, kMostSockets> sockets_{};
  size_t count_ = 0;
  uint32_t applied_ = 0;
  bool left_short_ = false;  // by a worker that was killed under an order
  uint64_t next_ns_ = 0;
};

}  // namespace stirbar

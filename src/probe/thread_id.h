// The kernel's id of the running thread, without asking the kernel each time.
#pragma once

#include <cstdint>

namespace stirbar {

uint32_t ThreadId() noexcept;

}  // namespace stirbar

#include "probe/connection_book.h"

namespace stirbar {

uint32_t BookPool(const char*, bool) noexcept { return kPoolOther; }
PoolStats* StatsOfPool(uint32_t) noexcept { return nullptr; }
uint32_t BookConnecting(uint32_t) noexcept { return kNoRecord; }
void BookOpened(uint32_t, uint32_t) noexcept {}
void BookClosed(uint32_t) noexcept {}
void BookCheckout(uint32_t, PoolLane, PyObject*) noexcept {}
uint64_t BookCheckin(uint32_t) noexcept { return 0; }
void EndRequestOfConnections(uint32_t, uint64_t) noexcept {}
void ForgetConnections() noexcept {}

}  // namespace stirbar

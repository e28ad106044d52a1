#include "probe/thread_id.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "probe/probe.h"
#include "probe/tls_model.h"

namespace stirbar {

uint32_t ThreadId() noexcept {
  // A fork changes the id of the thread that goes on in the child.
  struct Known {
    uint32_t epoch;
    uint32_t id;
  };
  STIRBAR_FAST_TLS static thread_local Known known{0, 0};
  if (known.id == 0 || known.epoch != Probe::Epoch()) {
    known = {Probe::Epoch(), static_cast<uint32_t>(syscall(SYS_gettid))};
  }
  return known.id;
}

}  // namespace stirbar

// GET /api/v1/connections: reads who holds what, with stacks, when somebody asks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "supervisor/publish/http_message.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// Who asks again within 250 ms gets the same answer: four reads a second at most.
inline constexpr uint64_t kConnectionsKeptNs = 250'000'000;

// Threads: the event loop's. Time: ConnectionSource's.
class ConnectionsEndpoint {
 public:
  // `source` may be null: the snapshot's connections, without stacks. It must outlive the endpoint.
  explicit ConnectionsEndpoint(ConnectionSource* source) : source_(source) {}

  // `now_ns` is monotonic.
  HttpResponse Answer(const Snapshot& snapshot, uint64_t now_ns);

 private:
  ConnectionSource* const source_;
  std::shared_ptr<const std::string> kept_;
  uint64_t kept_at_ns_ = 0;
};

}  // namespace stirbar

// The open connections of all workers, as the segment has them.
#pragma once

#include <utility>
#include <vector>

#include "segment/pools.h"
#include "supervisor/collect/remote_memory.h"
#include "supervisor/supervisor.h"

namespace stirbar {

struct FoundConnection {
  ConnectionSample sample;  // without its stack
  ConnectionCopy copy;
};

// Of the living workers of `sample` that have a pool: held ones first, longest first, at most
// kConnectionsShown. One that is being changed at each of a few looks is left out.
std::vector<FoundConnection> FindConnections(const Segment& segment, const Sample& sample);

// Whether a worker has a pool: pages that it never used are not touched otherwise, each of which
// would cost memory from then on.
bool HasPools(const Segment& segment, uint32_t slot);

// The same with their stacks, when somebody asks. Borrows the segment.
class ConnectionReader : public ConnectionSource {
 public:
  explicit ConnectionReader(const Segment& segment, OpenMemory open_memory = OpenRemoteMemory)
      : segment_(segment), open_memory_(std::move(open_memory)) {}
  std::vector<ConnectionSample> ReadConnections(const Sample& sample) override;

 private:
  const Segment& segment_;
  const OpenMemory open_memory_;
};

}  // namespace stirbar

#include "supervisor/publish/connections_endpoint.h"

#include "base/clock.h"
#include "supervisor/publish/connections_json.h"

namespace stirbar {

HttpResponse ConnectionsEndpoint::Answer(const Snapshot& snapshot, uint64_t now_ns) {
  if (kept_ == nullptr || AgeOf(kept_at_ns_, now_ns) >= Nanoseconds(kConnectionsKeptNs)) {
    const std::vector<ConnectionSample> connections =
        source_ != nullptr ? source_->ReadConnections(snapshot.sample)
                           : snapshot.sample.connections;
    kept_ = std::make_shared<const std::string>(ConnectionsJson(snapshot, connections));
    kept_at_ns_ = now_ns;
  }
  HttpResponse response;
  response.SetBody("application/json", kept_);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace stirbar

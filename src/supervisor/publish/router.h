// From a request to its response: all endpoints, access rules and security headers, without
// sockets.
//
//   GET /api/v1/snapshot   /api/v1/history?points=N   /api/v1/stream   docs/openapi.yaml
//   GET /api/v1/latency?route=LABEL
//   GET /api/v1/stacks?pid=N
//   GET /api/v1/connections
//   GET /metrics           Prometheus text or OpenMetrics
//   GET /health/live       /health/ready   /health/startup
//   GET, POST              what the parts of the supervisor bring along (RouterOptions::endpoints)
//   GET, POST /login       POST /logout   GET /api/v1/session
//   GET everything else    the web page
#pragma once

#include <memory>
#include <span>

#include "supervisor/publish/access.h"
#include "supervisor/publish/api_endpoint.h"
#include "supervisor/publish/connections_endpoint.h"
#include "supervisor/publish/http_counters.h"
#include "supervisor/publish/http_message.h"
#include "supervisor/publish/latency_grid.h"
#include "supervisor/publish/snapshot_text.h"
#include "supervisor/publish/stacks_endpoint.h"
#include "supervisor/publish/static_files.h"
#include "supervisor/supervisor.h"

namespace stirbar {

// 64 event streams are 64 open pages; each costs a write of the snapshot a second.
inline constexpr size_t kMaxStreams = 64;

struct RouterOptions {
  AccessOptions access;
  std::span<const WebAsset> assets;
  std::shared_ptr<SnapshotText> snapshot_text;
  const LatencyGrid* latency = nullptr;  // must live longer; null: /api/v1/latency has no figures
  StackSource* stacks = nullptr;         // null: there are none to be had
  ConnectionSource* connections = nullptr;  // null: those of the snapshot, without stacks
  std::vector<ApiEndpoint> endpoints;
};

// What a response depends on besides the request.
struct RouterState {
  std::shared_ptr<const Snapshot> snapshot;  // null before the first tick
  uint64_t now_ns = 0;                       // monotonic
};

// Threads: the event loop's; never blocks, but for the milliseconds that stacks take. Borrows the
// history and the source of stacks, which must live longer.
class Router {
 public:
  Router(RouterOptions options, const HistorySource& history);

  HttpResponse Route(const HttpRequest& request, const RouterState& state);
  // The answer to what is no proper HTTP request: counted, and the connection closes.
  HttpResponse Reject(int status, std::string_view reason);

  // The transport counts connections, streams and time-outs in it.
  HttpCounters& counters() { return counters_; }

 private:
  HttpResponse Answer(const HttpRequest& request, const RouterState& state);
  HttpResponse BadRequest(int status, std::string_view reason);
  HttpResponse Unauthorized(const HttpRequest& request);
  HttpResponse History(const HttpRequest& request) const;
  HttpResponse Latency(const HttpRequest& request) const;
  HttpResponse Stream();
  HttpResponse Metrics(const HttpRequest& request, const Snapshot& snapshot) const;
  HttpResponse Endpoint(const HttpRequest& request, const RouterState& state);
  HttpResponse Ask(const ApiEndpoint& endpoint, const HttpRequest& request,
                   const RouterState& state);
  const ApiEndpoint* Find(std::string_view path) const;

  HttpCounters counters_;
  Access access_;
  StaticFiles files_;
  const std::shared_ptr<SnapshotText> text_;
  const HistorySource& history_;
  const LatencyGrid* const latency_;
  StacksEndpoint stacks_;
  ConnectionsEndpoint connections_;
  const std::vector<ApiEndpoint> endpoints_;
};

}  // namespace stirbar

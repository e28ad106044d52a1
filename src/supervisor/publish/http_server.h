// The supervisor's port: HTTP/1.1 for the API, the event stream, metrics, health and the web page.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "supervisor/publish/api_endpoint.h"
#include "supervisor/publish/http_counters.h"
#include "supervisor/publish/latency_grid.h"
#include "supervisor/publish/snapshot_text.h"
#include "supervisor/publish/web_assets.h"
#include "supervisor/supervisor.h"

namespace boost::asio {
class io_context;
}

namespace stirbar {

struct HttpTimeouts {
  // For the whole of a request's header and body: who sends a byte now and then (slowloris) is cut.
  std::chrono::milliseconds request{10'000};
  std::chrono::milliseconds idle{30'000};   // between two requests of a connection
  std::chrono::milliseconds write{30'000};  // for a response, or one event, to be taken
  // A comment on a quiet event stream, so that proxies keep it and dead peers are noticed.
  std::chrono::milliseconds stream_comment{15'000};
};

struct HttpServerOptions {
  int listen_fd = -1;  // TCP, bound and listening; taken over
  std::string host;    // as in --listen HOST:PORT
  bool require_token = false;
  std::string token;                            // AccessOptions::token
  std::string reader_token;                     // AccessOptions::reader_token
  RecordSink* records = nullptr;                // AccessOptions::records
  std::span<const WebAsset> assets;             // WebAssets(), or a test's own
  std::shared_ptr<SnapshotText> snapshot_text;  // shared with other publishers; null: its own
  const LatencyGrid* latency = nullptr;         // as RouterOptions::latency
  StackSource* stacks = nullptr;                // must live longer; null: none to be had
  ConnectionSource* connections = nullptr;      // as RouterOptions::connections
  std::vector<ApiEndpoint> endpoints;           // what else it answers
  HttpTimeouts timeouts;
  size_t max_connections = 512;
};

// Publish() keeps the snapshot and wakes the event streams; text is made when somebody asks.
//
// Threads: all on the io_context's one thread. Time: nothing here blocks; a slow client holds one
// message at most and misses those in between.
// Owns: the listening socket and all connections; the destructor closes them. The io_context and
// the history must live longer than this object; the io_context may go on or be destroyed after it.
// Failure: what is not HTTP gets 4xx and is closed; at `max_connections` the connection that has
// waited longest for its client makes room, and when all are busy the new one is refused. All of it
// is counted. A listen_fd that is no socket throws boost::system::system_error.
class HttpServer : public Publisher {
 public:
  virtual const HttpCounters& counters() const = 0;
};

std::unique_ptr<HttpServer> MakeHttpServer(boost::asio::io_context& io, HttpServerOptions options,
                                           const HistorySource& history);

}  // namespace stirbar

// A place that the history is sent to besides its own file, and how it is configured.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

enum class ExportKind : uint8_t { kOtlp, kMySql };
std::string_view Name(ExportKind kind);  // otlp, mysql

// One of [[exports]], checked. What is secret in it is never shown.
struct ExportOptions {
  std::string name;
  ExportKind kind = ExportKind::kOtlp;
  std::chrono::milliseconds longest_pause{300'000};  // between two attempts
  // otlp
  std::string url;                   // whole; may be secret but for scheme, host and port
  std::vector<std::string> headers;  // "Name: value", all of them secret
  std::chrono::milliseconds interval{10'000};
  std::chrono::milliseconds timeout{10'000};  // for the whole of one attempt
  // mysql
  std::string server;  // HOST:PORT, or the path of a unix socket
  std::string database;
  std::string user;
  std::string password;
  std::string ssl_ca;
  uint32_t resolution_seconds = 60;  // of kHistoryLevels
};

// Where to, for showing.
std::string TargetOf(const ExportOptions& options);

// What the one who sends says of itself.
struct ExportOrigin {
  std::string app;
  std::string host;
};
// `app`, and what gethostname() says.
ExportOrigin OriginOfApp(const std::string& app);

// Threads: calls from the event loop's; each has one thread of its own, which alone waits for its
// receiver. The destructor gives that thread 0.3 s; one that does not end by then is left to itself
// and ends with the process. Time: never waits, but for that.
class HistoryExport {
 public:
  virtual ~HistoryExport() = default;
  // Of a full tick.
  virtual void Offer(const Snapshot& snapshot) = 0;
  virtual ExportSample State() const = 0;
};

// All of them. Threads: the event loop's.
class HistoryExports : public Publisher {
 public:
  explicit HistoryExports(std::vector<std::unique_ptr<HistoryExport>> exports)
      : exports_(std::move(exports)) {}

  void Publish(const std::shared_ptr<const Snapshot>& snapshot) override {
    if (!snapshot->sample.tick.full) return;
    for (const auto& each : exports_) each->Offer(*snapshot);
  }
  std::vector<ExportSample> State() const {
    std::vector<ExportSample> samples;
    for (const auto& each : exports_) samples.push_back(each->State());
    return samples;
  }

 private:
  std::vector<std::unique_ptr<HistoryExport>> exports_;
};

}  // namespace stirbar

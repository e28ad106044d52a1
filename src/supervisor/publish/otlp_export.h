// Sends figures to a collector by OTLP/HTTP, every few seconds.
//
// What the protocol asks for, and what is done:
//   429, 502, 503, 504, no connection   the same again, after 1 s, 2 s, 4 s ... up to
//                                       `longest_pause`, less a random quarter, or when the
//                                       collector says so (Retry-After)
//   every other answer but 2xx          that request is given up, and counted as refused
//   2xx with partialSuccess             what it names is counted as refused; never sent again
//
// A collector that is down costs kOtlpPointsQueued points in memory, the oldest of which go then,
// and are counted as dropped. Nothing is kept on disk: what must not be lost lies in the history.
#pragma once

#include <functional>
#include <memory>

#include "supervisor/publish/history_export.h"
#include "supervisor/publish/http_post.h"

namespace stirbar {

// An hour at one in ten seconds, some 0.4 MB.
inline constexpr size_t kOtlpPointsQueued = 360;
// Of one request: some 150 KB of JSON.
inline constexpr size_t kOtlpPointsSent = 30;

using OtlpPost = std::function<HttpPostAnswer(const HttpPostRequest&, const std::atomic<bool>&)>;

// `post`: Post(), or a test's own.
std::unique_ptr<HistoryExport> MakeOtlpExport(const ExportOptions& options,
                                              const ExportOrigin& origin, OtlpPost post = Post);

}  // namespace stirbar

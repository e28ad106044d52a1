#include "supervisor/cli/fresh_snapshot.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "supervisor/cli/segment_finder.h"

namespace stirbar {
namespace {

// Of `stirbar health` the status of an app of which nothing is known; the others follow it.
constexpr int kUnknown = 2;

}  // namespace

Result<boost::json::object> ParsedSnapshot(const SegmentMapping& mapping) {
  const Result<std::string> text = FreshSnapshot(mapping);
  if (!text) return Error{text.error()};
  boost::json::error_code code;
  boost::json::value snapshot = boost::json::parse(*text, code);
  if (code || !snapshot.is_object()) return Error{"the snapshot cannot be read"};
  return std::move(snapshot.as_object());
}

void PrintJson(const boost::json::object& answer) {
  std::printf("%s\n", boost::json::serialize(answer).c_str());
}

int FailView(const ViewOptions& options, const std::string& reason) {
  if (options.output == Output::kJson) {
    PrintJson({{"error", reason}});
  } else {
    std::fprintf(stderr, "stirbar: %s\n", reason.c_str());
  }
  return kUnknown;
}

}  // namespace stirbar

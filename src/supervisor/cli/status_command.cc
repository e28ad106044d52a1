#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>

#include "supervisor/cli/commands.h"
#include "supervisor/cli/render.h"
#include "supervisor/cli/segment_finder.h"

namespace stirbar {
namespace {

// What the commands say of an app that nobody watches.
constexpr int kUnknown = 2;

Result<std::string> NewestSnapshot(const ViewOptions& options) {
  const auto mapping = FindSegment(options.segment, options.name);
  if (!mapping) return Error{mapping.error()};
  return FreshSnapshot(**mapping);
}

int Fail(const ViewOptions& options, const std::string& reason) {
  if (options.output == Output::kJson) {
    const boost::json::object answer{{"status", "unknown"}, {"error", reason}};
    std::printf("%s\n", boost::json::serialize(answer).c_str());
  } else {
    std::fprintf(stderr, "stirbar: %s\n", reason.c_str());
  }
  return kUnknown;
}

int ExitStatusOf(std::string_view status) {
  if (status == "healthy" || status == "pass") return 0;
  if (status == "warning" || status == "warn") return 1;
  return kUnknown;
}

}  // namespace

int StatusCommand(const ViewOptions& options) {
  const Result<std::string> text = NewestSnapshot(options);
  if (!text) return Fail(options, text.error());
  if (options.output == Output::kJson) {
    std::printf("%s\n", text->c_str());
    return 0;
  }
  boost::json::error_code code;
  const boost::json::value snapshot = boost::json::parse(*text, code);
  if (code || !snapshot.is_object()) return Fail(options, "the snapshot cannot be read");
  RenderOptions render;
  render.width = 400;
  for (const std::string& line : Render(snapshot.as_object(), render)) {
    std::printf("%s\n", line.c_str());
  }
  return 0;
}

int HealthCommand(const ViewOptions& options, const std::string& probe) {
  const Result<std::string> text = NewestSnapshot(options);
  if (!text) return Fail(options, text.error());
  boost::json::error_code code;
  const boost::json::value snapshot = boost::json::parse(*text, code);
  if (code || !snapshot.is_object()) return Fail(options, "the snapshot cannot be read");
  std::string status;
  std::string reason;
  try {
    const boost::json::object& root = snapshot.as_object();
    if (probe == "status") {
      status = root.at("status").as_string();
      for (const boost::json::value& line : root.at("reasons").as_array()) {
        reason += (reason.empty() ? "" : "; ") + std::string(line.as_string());
      }
    } else {
      const boost::json::object& answer = root.at("probes").as_object().at(probe).as_object();
      status = answer.at("status").as_string();
      reason = answer.at("reason").as_string();
    }
  } catch (const std::exception&) {  // a member is missing: of another version, or damaged
    return Fail(options, "the snapshot does not say");
  }
  if (options.output == Output::kJson) {
    const boost::json::object answer{{"status", status}, {"probe", probe}, {"reason", reason}};
    std::printf("%s\n", boost::json::serialize(answer).c_str());
  } else {
    std::printf("%s%s%s\n", status.c_str(), reason.empty() ? "" : ": ", reason.c_str());
  }
  return ExitStatusOf(status);
}

}  // namespace stirbar

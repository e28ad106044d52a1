#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "base/duration.h"
#include "supervisor/cli/ask_supervisor.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/render_alerts.h"
#include "supervisor/cli/terminal_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

// Posts `body`, and says `done` or prints the answer.
int Change(const ViewOptions& view, const std::string& target, const json::object& body,
           const std::string& done) {
  const Result<HttpAnswer> answer = ChangeSupervisor(view, target, json::serialize(body));
  if (!answer) return FailView(view, answer.error());
  const Result<json::object> parsed = ParsedAnswer(*answer);
  if (!parsed) return FailView(view, parsed.error());
  if (view.output == Output::kJson) {
    PrintJson(*parsed);
    return 0;
  }
  const std::string id = TextOf(*parsed, "id");
  std::printf("%s%s\n", done.c_str(), id == "-" ? "" : (" (" + SafeText(id, 200) + ")").c_str());
  return 0;
}

int Refuse(const std::string& message) {
  std::fprintf(stderr, "stirbar: %s\n", message.c_str());
  return kUsageError;
}

}  // namespace

int AlertsCommand(const ViewOptions& view) {
  const Result<HttpAnswer> answer = AskSupervisor(view, "/api/v1/alerts");
  if (!answer) return FailView(view, answer.error());
  const Result<json::object> parsed = ParsedAnswer(*answer);
  if (!parsed) return FailView(view, parsed.error());
  if (view.output == Output::kJson) {
    PrintJson(*parsed);
    return 0;
  }
  for (const std::string& line : RenderAlerts(*parsed)) std::printf("%s\n", line.c_str());
  return 0;
}

int SilenceCommand(const SilenceOptions& options) {
  const std::optional<Nanoseconds> duration = ParseDuration(options.duration);
  if (!duration) {
    return Refuse("--for: '" + options.duration +
                  "' is not allowed; it takes a number with s, m, h or d, as in 2h");
  }
  json::array matchers;
  for (const std::string& matcher : options.matchers) matchers.emplace_back(matcher);
  return Change(options.view, "/api/v1/alerts/silences",
                {{"matchers", std::move(matchers)},
                 {"seconds", Seconds(*duration)},
                 {"comment", options.comment}},
                "silenced for " + options.duration);
}

int UnsilenceCommand(const ViewOptions& view, const std::string& id) {
  return Change(view, "/api/v1/alerts/silences", {{"expire", id}}, "silence " + id + " has ended");
}

int AcknowledgeCommand(const AcknowledgeOptions& options) {
  return Change(options.view, "/api/v1/alerts/acknowledge",
                {{"id", options.id}, {"comment", options.comment}, {"undo", options.undo}},
                options.undo ? "acknowledgement taken back" : "acknowledged");
}

int TestAlertsCommand(const ViewOptions& view, const std::string& sink) {
  json::object body;
  if (!sink.empty()) body["sink"] = sink;
  return Change(view, "/api/v1/alerts/test", body,
                "a test is on its way to " + (sink.empty() ? "all sinks" : sink) +
                    "; stirbar alerts shows what came of it");
}

}  // namespace stirbar

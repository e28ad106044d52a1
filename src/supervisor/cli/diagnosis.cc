#include "supervisor/cli/diagnosis.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "supervisor/cli/terminal_text.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr size_t kWidth = 600;

int RankOf(std::string_view severity) {
  if (severity == "critical") return 2;
  return severity == "warning" ? 1 : 0;
}

json::value TextOrNull(const std::string& text) {
  return text.empty() || text == "-" ? json::value(nullptr) : json::value(text);
}

class Diagnosis {
 public:
  // `row`: an alert or a recommendation; what it has besides is taken from it.
  void Add(const json::object& row, const std::string& component, const std::string& message,
           const std::string& advice) {
    findings_.emplace_back(json::object{{"severity", TextOf(row, "severity")},
                                        {"component", component},
                                        {"message", TextOrNull(message)},
                                        {"advice", TextOrNull(advice)},
                                        {"effect", TextOrNull(TextOf(row, "effect"))},
                                        {"command", TextOrNull(TextOf(row, "command"))}});
  }

  // Whether `advice` has been given already.
  bool Has(const std::string& advice) const {
    return std::any_of(findings_.begin(), findings_.end(), [&](const json::value& finding) {
      return TextOf(finding.as_object(), "advice") == advice;
    });
  }

  void NotChecked(std::string text) { not_checked_.emplace_back(std::move(text)); }

  json::object Take() {
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const json::value& left, const json::value& right) {
                       return RankOf(TextOf(left.as_object(), "severity")) >
                              RankOf(TextOf(right.as_object(), "severity"));
                     });
    const std::string worst =
        findings_.empty() ? "healthy" : TextOf(findings_.front().as_object(), "severity");
    return {{"status", worst},
            {"findings", std::move(findings_)},
            {"not_checked", std::move(not_checked_)}};
  }

 private:
  json::array findings_;
  json::array not_checked_;
};

template <typename Look>
void ForEach(const json::object& object, std::string_view name, Look look) {
  for (const json::value& value : RowsOf(object, name)) {
    if (value.is_object()) look(value.as_object());
  }
}

// A rule's advice has the rule's message as the begin of its evidence.
void AddHealth(const json::object& snapshot, Diagnosis* diagnosis) {
  const json::object& health = PartOf(snapshot, "health");
  std::vector<std::string> explained;
  ForEach(health, "recommendations", [&](const json::object& row) {
    diagnosis->Add(row, TextOf(row, "component"), TextOf(row, "evidence"), TextOf(row, "text"));
    explained.push_back(TextOf(row, "evidence"));
  });
  ForEach(health, "alerts", [&](const json::object& alert) {
    const std::string message = TextOf(alert, "message");
    const bool said = std::any_of(explained.begin(), explained.end(), [&](const auto& evidence) {
      return evidence.find(message) != std::string::npos;
    });
    if (said) return;
    diagnosis->Add(alert, TextOf(alert, "component"), message, "");
  });
}

void AddConnections(const json::object& connections, Diagnosis* diagnosis) {
  ForEach(connections, "advice", [&](const json::object& row) {
    if (diagnosis->Has(TextOf(row, "text"))) return;
    diagnosis->Add(row, "database", TextOf(row, "evidence"), TextOf(row, "text"));
  });
  if (RowsOf(connections, "pools").empty()) {
    diagnosis->NotChecked("pools: none has been used yet");
  }
  ForEach(connections, "pools", [&](const json::object& pool) {
    const json::value* const fair = pool.if_contains("fair");
    if (fair != nullptr && fair->is_bool() && !fair->as_bool()) {
      diagnosis->NotChecked("waits of " + TextOf(pool, "name") +
                            ": not Stirbar's pool (stirbar.pool_options())");
    } else if (!NumberOf(pool, "active_p95")) {
      diagnosis->NotChecked("size of " + TextOf(pool, "name") +
                            ": it has been watched for less than a minute");
    }
  });
  if (RowsOf(connections, "databases").empty() && !RowsOf(connections, "pools").empty()) {
    diagnosis->NotChecked(
        "max_connections and wait_timeout of the servers: the supervisor asks none (docs/"
        "connections.md says how)");
  }
  ForEach(connections, "databases", [&](const json::object& server) {
    if (NumberOf(server, "max_connections")) return;
    diagnosis->NotChecked("max_connections and wait_timeout of " + TextOf(server, "name") +
                          ": it has not answered (" + TextOf(server, "error") + ")");
  });
}

}  // namespace

json::object Diagnose(const json::object& snapshot, const json::object* connections,
                      const std::string& no_connections) {
  Diagnosis diagnosis;
  AddHealth(snapshot, &diagnosis);
  if (connections != nullptr) {
    AddConnections(*connections, &diagnosis);
  } else {
    diagnosis.NotChecked("connections: " + no_connections);
  }
  for (const auto& member : PartOf(snapshot, "unavailable")) {
    if (!member.value().is_string()) continue;
    diagnosis.NotChecked(std::string(member.key()) + ": " +
                         std::string(member.value().as_string()));
  }
  return diagnosis.Take();
}

int ExitStatusOf(const json::object& diagnosis) { return RankOf(TextOf(diagnosis, "status")); }

std::vector<std::string> RenderDiagnosis(const json::object& diagnosis) {
  std::vector<std::string> lines;
  ForEach(diagnosis, "findings", [&](const json::object& finding) {
    const std::string advice = TextOf(finding, "advice");
    const std::string message = TextOf(finding, "message");
    lines.push_back(TextOf(finding, "severity") + "  " + TextOf(finding, "component") + "  " +
                    (advice != "-" ? advice : message));
    if (advice != "-" && message != "-") lines.push_back("    because: " + message);
    for (const auto& [name, head] :
         {std::pair("effect", "    expected: "), std::pair("command", "    command: ")}) {
      const std::string text = TextOf(finding, name);
      if (text != "-") lines.push_back(head + text);
    }
  });
  if (lines.empty()) lines.emplace_back("Nothing to say.");
  if (!RowsOf(diagnosis, "not_checked").empty()) {
    lines.emplace_back("");
    lines.emplace_back("Not looked at:");
    for (const json::value& text : RowsOf(diagnosis, "not_checked")) {
      if (text.is_string()) lines.push_back("    " + std::string(text.as_string()));
    }
  }
  for (std::string& line : lines) line = SafeText(std::move(line), kWidth);
  return lines;
}

}  // namespace stirbar

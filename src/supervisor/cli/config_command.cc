#include <boost/json/serialize.hpp>
#include <cstdio>

#include "supervisor/cli/ask_supervisor.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/environment_settings.h"
#include "supervisor/cli/fresh_snapshot.h"
#include "supervisor/cli/terminal_text.h"
#include "supervisor/config_file.h"
#include "supervisor/health_groups_file.h"
#include "supervisor/publish/export_config.h"
#include "supervisor/publish/sink_config.h"
#include "supervisor/rule_file.h"
#include "supervisor/setting_input.h"
#include "supervisor/setting_layers.h"

namespace stirbar {
namespace {

namespace json = boost::json;

constexpr const char* kAddress = "/api/v1/settings";
constexpr size_t kWidth = 400;  // of texts that come from elsewhere

Result<json::object> Ask(const ConfigOptions& options) {
  const Result<HttpAnswer> answer = AskSupervisor(options.view, kAddress);
  if (!answer) return Error{answer.error()};
  return ParsedAnswer(*answer);
}

// A value of the API, as a person types it.
std::string Typed(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return "-";
  if (value->is_string()) return SafeText(std::string(value->as_string()), 60);
  if (value->is_bool()) return value->as_bool() ? "on" : "off";
  if (!value->is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value->to_number<double>());
  return text;
}

// The row of the setting that was asked for. Failure: there is no such setting.
Result<json::object> RowOf(const json::object& answer, const std::string& name) {
  for (const json::value& row : RowsOf(answer, "settings")) {
    if (row.is_object() && TextOf(row.as_object(), "name") == name) return row.as_object();
  }
  return Error{CheckInput(name, std::string("-")).refusal
                   ? name + ": there is no such setting" +
                         (NearestSetting(name).empty()
                              ? ""
                              : "; did you mean " + std::string(NearestSetting(name)) + "?")
                   : name + ": the supervisor does not know it"};
}

void PrintChanges(const json::array& changes) {
  for (const json::value& value : changes) {
    if (!value.is_object()) continue;
    const json::object& change = value.as_object();
    std::printf("%s\n", SafeText(TextOf(change, "text"), kWidth).c_str());
  }
}

int PrintOutcome(const ConfigOptions& options, const json::object& answer) {
  if (options.view.output == Output::kJson) {
    PrintJson(answer);
    return 0;
  }
  const json::array& changes = RowsOf(answer, "changes");
  if (changes.empty()) std::printf("nothing changes: it is so already\n");
  PrintChanges(changes);
  if (options.dry_run && !changes.empty()) std::printf("(only tried: nothing was changed)\n");
  const std::string problem = TextOf(answer, "not_stored");
  if (problem != "-" && !problem.empty()) {
    std::fprintf(stderr, "stirbar: this holds only until the supervisor ends: %s\n",
                 SafeText(problem, kWidth).c_str());
  }
  return 0;
}

int Change(const ConfigOptions& options, const json::object& body) {
  const Result<HttpAnswer> answer = ChangeSupervisor(options.view, kAddress, json::serialize(body));
  if (!answer) return FailView(options.view, answer.error());
  const Result<json::object> parsed = ParsedAnswer(*answer);
  if (!parsed) return FailView(options.view, parsed.error());
  return PrintOutcome(options, *parsed);
}

void PrintLayers(const json::object& row) {
  const json::object& layers = PartOf(row, "layers");
  const std::string holds = TextOf(row, "origin");
  Table table({"origin", "says", ""});
  for (const char* const origin : {"runtime", "environment", "file", "application", "default"}) {
    const std::string says = Typed(layers, origin);
    const char* const remark = origin == holds ? "holds" : says != "-" ? "overridden" : "";
    table.Add({origin, says, remark});
  }
  for (const std::string& line : table.Lines(0b111)) std::printf("  %s\n", line.c_str());
}

std::string WithUnit(const json::object& row, std::string_view name) {
  return Typed(row, name) + (TextOf(row, "type") == "seconds" ? " s" : "");
}

}  // namespace

int ConfigGetCommand(const ConfigOptions& options) {
  const Result<json::object> answer = Ask(options);
  if (!answer) return FailView(options.view, answer.error());
  if (!options.words.empty()) {
    const Result<json::object> row = RowOf(*answer, options.words.front());
    if (!row) return FailView(options.view, row.error());
    if (options.view.output == Output::kJson) {
      PrintJson(*row);
    } else {
      std::printf("%s\n", Typed(*row, "value").c_str());
    }
    return 0;
  }
  if (options.view.output == Output::kJson) {
    PrintJson(*answer);
    return 0;
  }
  Table table({"setting", "value", "origin", "default", "allowed"});
  for (const json::value& value : RowsOf(*answer, "settings")) {
    if (!value.is_object()) continue;
    const json::object& row = value.as_object();
    table.Add({TextOf(row, "name"), WithUnit(row, "value"), TextOf(row, "origin"),
               WithUnit(row, "default"), SafeText(TextOf(row, "allowed"), 60)});
  }
  for (const std::string& line : table.Lines(0b10101)) std::printf("%s\n", line.c_str());
  return 0;
}

int ConfigSetCommand(const ConfigOptions& options) {
  json::object values;
  for (const std::string& word : options.words) {
    const size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return FailView(options.view,
                      "config set: '" + word + "' is not allowed; it takes NAME=VALUE");
    }
    values[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return Change(options, {{"set", values}, {"dry_run", options.dry_run}});
}

int ConfigResetCommand(const ConfigOptions& options) {
  json::array names;
  for (const std::string& name : options.words) names.emplace_back(name);
  return Change(options, {{"reset", names}});
}

int ConfigRevertCommand(const ConfigOptions& options) {
  return Change(options, {{"revert", options.number}});
}

int ConfigExplainCommand(const ConfigOptions& options) {
  const Result<json::object> answer = Ask(options);
  if (!answer) return FailView(options.view, answer.error());
  const Result<json::object> row = RowOf(*answer, options.words.front());
  if (!row) return FailView(options.view, row.error());
  if (options.view.output == Output::kJson) {
    PrintJson(*row);
    return 0;
  }
  std::printf("%s = %s\n%s.\nIt takes %s. A change takes effect %s.\n\n",
              TextOf(*row, "name").c_str(), WithUnit(*row, "value").c_str(),
              SafeText(TextOf(*row, "meaning"), kWidth).c_str(),
              SafeText(TextOf(*row, "allowed"), 60).c_str(), TextOf(*row, "effect").c_str());
  PrintLayers(*row);
  const std::string ignored = TextOf(*row, "ignored");
  if (ignored != "-" && !ignored.empty()) std::printf("\n%s\n", SafeText(ignored, kWidth).c_str());
  const json::object& last = PartOf(*row, "last_change");
  if (!last.empty()) {
    std::printf("\nlast change (%s): %s\n  by %s at %s\n", Typed(last, "number").c_str(),
                SafeText(TextOf(last, "text"), kWidth).c_str(),
                SafeText(TextOf(last, "actor"), 100).c_str(), TextOf(last, "time").c_str());
  }
  std::printf("\nstored in %s\n", SafeText(TextOf(*answer, "stored_in"), kWidth).c_str());
  return 0;
}

int ConfigHistoryCommand(const ConfigOptions& options) {
  const Result<json::object> answer = Ask(options);
  if (!answer) return FailView(options.view, answer.error());
  const json::array& changes = RowsOf(*answer, "changes");
  if (options.view.output == Output::kJson) {
    PrintJson({{"changes", changes}});
    return 0;
  }
  if (changes.empty()) {
    std::printf("no setting was changed at run time\n");
    return 0;
  }
  Table table({"number", "time", "by", "change"});
  for (const json::value& value : changes) {
    if (!value.is_object()) continue;
    const json::object& change = value.as_object();
    table.Add({Typed(change, "number"), TextOf(change, "time"),
               SafeText(TextOf(change, "actor"), 60), SafeText(TextOf(change, "text"), kWidth)});
  }
  for (const std::string& line : table.Lines(0b1110)) std::printf("%s\n", line.c_str());
  return 0;
}

int ConfigCheckCommand(const ConfigOptions& options) {
  const auto refuse = [&](const std::string& reason) {
    FailView(options.view, reason);
    return kUsageError;
  };
  const Result<ConfigFile> file = LoadConfigFile(options.file);
  if (!file) return refuse(file.error());
  const Result<SettingValues> from_file = SettingsFromFile(*file);
  if (!from_file) return refuse(from_file.error());
  const Result<SettingValues> from_environment = SettingsFromEnvironment();
  if (!from_environment) return refuse(from_environment.error());
  const Result<size_t> together = CheckStart(*file, *from_file, *from_environment);
  if (!together) return refuse(together.error());
  if (const auto rules = RulesOf(*file); !rules) return refuse(rules.error());
  if (const auto groups = HealthGroupsOf(*file); !groups) return refuse(groups.error());
  if (const auto sinks = LoadSinks(*file); !sinks) return refuse(sinks.error());
  if (const auto exports = LoadExports(*file); !exports) return refuse(exports.error());
  if (options.view.output == Output::kJson) {
    PrintJson({{"file", file->path},
               {"file_settings", from_file->size()},
               {"environment_settings", from_environment->size()}});
    return 0;
  }
  if (file->path.empty()) {
    std::printf("no stirbar.toml\n");
  } else {
    std::printf("%s: settings: %zu, all allowed\n", file->path.c_str(), from_file->size());
  }
  std::printf("environment: settings: %zu, all allowed\n", from_environment->size());
  return 0;
}

}  // namespace stirbar

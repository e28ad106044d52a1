#include "supervisor/publish/sink_config.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "supervisor/publish/config_table.h"

namespace stirbar {
namespace {

constexpr size_t kMostSinks = 20;
constexpr std::array<std::string_view, 5> kKinds{"log", "webhook", "email", "alertmanager",
                                                 "command"};
constexpr std::array<std::string_view, 7> kCommonKeys{"name",
                                                      "kind",
                                                      "severities",
                                                      "components",
                                                      "send_resolved",
                                                      "timeout_seconds",
                                                      "retry_max_seconds"};

std::vector<std::string_view> KeysOf(SinkKind kind) {
  switch (kind) {
    case SinkKind::kLog:
      return {};
    case SinkKind::kWebhook:
      return {"url", "url_file", "format", "secret_file", "token_file"};
    case SinkKind::kEmail:
      return {"server", "tls", "user", "password_file", "from", "to"};
    case SinkKind::kAlertmanager:
      return {"url", "url_file", "token_file"};
    case SinkKind::kCommand:
      return {"command"};
  }
  return {};
}

bool IsAddress(std::string_view text) {
  const size_t at = text.rfind('@');
  return IsOneLine(text) && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find(',') == std::string_view::npos;
}

bool IsLoopback(std::string_view server) {
  return server.starts_with("127.") || server.starts_with("localhost:") ||
         server.starts_with("[::1]:");
}

void ReadMail(ConfigTable* reader, SinkOptions* sink) {
  constexpr std::array<std::string_view, 3> kSecurities{"none", "starttls", "tls"};
  sink->server = reader->Needed("server");
  const size_t colon = sink->server.rfind(':');
  if (!reader->error() &&
      (colon == std::string::npos || colon == 0 || colon + 1 == sink->server.size() ||
       sink->server.find_first_of(" /@") != std::string::npos)) {
    reader->Fail("server", "takes HOST:PORT");
  }
  sink->security = static_cast<MailSecurity>(reader->OneOf("tls", kSecurities, 1));
  sink->user = reader->Text("user");
  sink->password = reader->Secret("password_file");
  if (sink->user.empty() != sink->password.empty()) {
    reader->Fail("user", "and 'password_file' are needed together");
  }
  if (!sink->user.empty() && sink->security == MailSecurity::kNone && !IsLoopback(sink->server)) {
    reader->Fail("tls", "'none' would send the password readable over the network");
  }
  sink->from = reader->Needed("from");
  if (!reader->error() && !IsAddress(sink->from)) reader->Fail("from", "takes an e-mail address");
  sink->to = reader->Texts("to");
  if (sink->to.empty()) reader->Fail("to", "takes a list of e-mail addresses");
  for (const std::string& address : sink->to) {
    if (!IsAddress(address)) reader->Fail("to", "takes a list of e-mail addresses");
  }
}

Result<SinkOptions> ReadSink(const ConfigFile& file, const toml::table& table) {
  constexpr std::array<std::string_view, 3> kFormats{"stirbar", "slack", "discord"};
  ConfigTable reader("sinks", file, table);
  SinkOptions sink;
  if (!reader.Has("kind"))
    reader.Fail("kind", "is missing; it takes " + JoinedWords({kKinds.begin(), kKinds.end()}));
  sink.kind = static_cast<SinkKind>(reader.OneOf("kind", kKinds, 0));
  std::vector<std::string_view> known(kCommonKeys.begin(), kCommonKeys.end());
  for (const std::string_view key : KeysOf(sink.kind)) known.push_back(key);
  reader.CheckKeys(known, "a sink of kind " + std::string(Name(sink.kind)));
  sink.name = reader.Has("name") ? reader.Text("name") : std::string(Name(sink.kind));
  if (sink.name.size() > 40) reader.Fail("name", "takes at most 40 characters");
  if (reader.Has("severities")) {
    sink.severities.clear();
    for (const std::string& word : reader.Texts("severities")) {
      if (word != "warning" && word != "critical") {
        reader.Fail("severities", "'" + word + "' is not allowed; it takes warning, critical");
      }
      sink.severities.push_back(word == "critical" ? Status::kCritical : Status::kWarning);
    }
  }
  sink.components = reader.Texts("components");
  sink.send_resolved = reader.Switch("send_resolved", true);
  sink.timeout = reader.Duration("timeout_seconds", 1, 60, sink.timeout);
  sink.longest_pause = reader.Duration("retry_max_seconds", 1, 3600, sink.longest_pause);
  switch (sink.kind) {
    case SinkKind::kLog:
      break;
    case SinkKind::kWebhook:
      sink.url = reader.Url();
      sink.token = reader.Secret("token_file");
      sink.format = static_cast<WebhookFormat>(reader.OneOf("format", kFormats, 0));
      sink.secret = reader.Secret("secret_file");
      break;
    case SinkKind::kAlertmanager:
      sink.url = reader.Url();
      sink.token = reader.Secret("token_file");
      break;
    case SinkKind::kEmail:
      ReadMail(&reader, &sink);
      break;
    case SinkKind::kCommand:
      sink.command = reader.Texts("command");
      if (sink.command.empty()) reader.Fail("command", "takes a list: the program and its words");
      break;
  }
  if (reader.error()) return *reader.error();
  while (sink.url.ends_with('/') && sink.kind == SinkKind::kAlertmanager) sink.url.pop_back();
  return sink;
}

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Failure names the variable, and never shows a URL.
Result<bool> AddFromEnvironment(std::vector<SinkOptions>* sinks) {
  if (const std::string url = Environment("STIRBAR_WEBHOOK_URL"); !url.empty()) {
    SinkOptions sink;
    sink.kind = SinkKind::kWebhook;
    sink.name = "webhook";
    sink.url = url;
    const std::string defect = DefectOfUrl(url);
    if (!defect.empty()) return Error{"STIRBAR_WEBHOOK_URL " + defect};
    const std::string format = Environment("STIRBAR_WEBHOOK_FORMAT");
    if (format == "slack") sink.format = WebhookFormat::kSlack;
    if (format == "discord") sink.format = WebhookFormat::kDiscord;
    if (!format.empty() && format != "stirbar" && sink.format == WebhookFormat::kStirbar) {
      return Error{"STIRBAR_WEBHOOK_FORMAT: '" + format +
                   "' is not allowed; it takes stirbar, slack, discord"};
    }
    if (const std::string path = Environment("STIRBAR_WEBHOOK_SECRET_FILE"); !path.empty()) {
      const Result<std::string> secret = ReadSecretFile(path);
      if (!secret) return Error{"STIRBAR_WEBHOOK_SECRET_FILE: " + secret.error()};
      sink.secret = *secret;
    }
    sinks->push_back(std::move(sink));
  }
  if (std::string url = Environment("STIRBAR_ALERTMANAGER_URL"); !url.empty()) {
    SinkOptions sink;
    sink.kind = SinkKind::kAlertmanager;
    sink.name = "alertmanager";
    const std::string defect = DefectOfUrl(url);
    if (!defect.empty()) return Error{"STIRBAR_ALERTMANAGER_URL " + defect};
    while (url.ends_with('/')) url.pop_back();
    sink.url = std::move(url);
    sinks->push_back(std::move(sink));
  }
  return true;
}

}  // namespace

Result<std::vector<SinkOptions>> LoadSinks(const ConfigFile& file) {
  std::vector<SinkOptions> sinks;
  const Result<bool> added = AddFromEnvironment(&sinks);
  if (!added) return Error{added.error()};
  const toml::node* const node = file.root.get("sinks");
  if (node == nullptr) return sinks;
  const toml::array* const tables = node->as_array();
  if (tables == nullptr) return ConfigError(file, *node, "sinks are written as [[sinks]]");
  for (const toml::node& each : *tables) {
    const toml::table* const table = each.as_table();
    if (table == nullptr) return ConfigError(file, each, "sinks are written as [[sinks]]");
    Result<SinkOptions> sink = ReadSink(file, *table);
    if (!sink) return Error{sink.error()};
    const bool taken = std::any_of(sinks.begin(), sinks.end(), [&](const SinkOptions& other) {
      return other.name == sink->name;
    });
    if (taken) {
      return ConfigError(file, *table,
                         "sinks: the name '" + sink->name + "' is there already; give it another");
    }
    sinks.push_back(*std::move(sink));
  }
  if (sinks.size() > kMostSinks) {
    return ConfigError(file, *node, "there are more than " + std::to_string(kMostSinks) + " sinks");
  }
  return sinks;
}

}  // namespace stirbar

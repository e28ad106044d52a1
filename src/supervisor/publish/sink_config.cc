#include "supervisor/publish/sink_config.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

namespace stirbar {
namespace {

constexpr size_t kMostSinks = 20;
constexpr size_t kLongestText = 2000;
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

std::string Joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

bool IsPlain(std::string_view text) {
  return text.size() <= kLongestText && std::all_of(text.begin(), text.end(), [](char letter) {
           return static_cast<uint8_t>(letter) >= 0x20 && letter != 0x7F;
         });
}

// Empty: it is one. Never shows the URL: it may be secret.
std::string DefectOfUrl(std::string_view url) {
  const bool known = url.starts_with("https://") || url.starts_with("http://");
  const std::string_view rest = known ? url.substr(url.find("://") + 3) : "";
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (!known || host.empty() || !IsPlain(url) || url.find(' ') != std::string_view::npos) {
    return "is no URL that begins with https:// or http://";
  }
  if (host.find('@') != std::string_view::npos) {
    return "holds a user or password before the host; use token_file";
  }
  return "";
}

bool IsAddress(std::string_view text) {
  const size_t at = text.rfind('@');
  return IsPlain(text) && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find(',') == std::string_view::npos;
}

bool IsLoopback(std::string_view server) {
  return server.starts_with("127.") || server.starts_with("localhost:") ||
         server.starts_with("[::1]:");
}

// The first line of a file that nobody else should be able to read.
Result<std::string> ReadSecret(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return ErrnoError("open " + path, errno);
  if (!S_ISREG(info.st_mode)) return Error{path + " is no file"};
  if ((info.st_mode & S_IROTH) != 0) {
    return Error{path + " can be read by everybody: chmod o-r " + path};
  }
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty() || !IsPlain(line)) return Error{path + " holds no secret in its first line"};
  return line;
}

// One table of [[sinks]]: every getter checks, and the first fault stays.
class Reader {
 public:
  Reader(const ConfigFile& file, const toml::table& table) : file_(file), table_(table) {}

  void Fail(std::string_view key, const std::string& what) {
    if (error_) return;
    const toml::node* const node = table_.get(key);
    error_ = ConfigError(file_, node != nullptr ? *node : table_,
                         "sinks: '" + std::string(key) + "' " + what);
  }

  std::string Text(std::string_view key) {
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return "";
    const std::optional<std::string> text = node->value_exact<std::string>();
    if (!text || text->empty() || !IsPlain(*text)) {
      Fail(key, "takes a text of one line");
      return "";
    }
    return *text;
  }

  std::string Needed(std::string_view key) {
    if (!table_.contains(key)) Fail(key, "is missing");
    return Text(key);
  }

  template <size_t count>
  size_t OneOf(std::string_view key, const std::array<std::string_view, count>& names,
               size_t initial) {
    if (!table_.contains(key)) return initial;
    const std::string text = Text(key);
    const auto* const found = std::find(names.begin(), names.end(), text);
    if (found != names.end()) return static_cast<size_t>(found - names.begin());
    Fail(key, "'" + text + "' is not allowed; it takes " + Joined({names.begin(), names.end()}));
    return initial;
  }

  std::vector<std::string> Texts(std::string_view key) {
    std::vector<std::string> texts;
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return texts;
    const toml::array* const array = node->as_array();
    if (array == nullptr || array->empty()) {
      Fail(key, "takes a list of texts, not an empty one");
      return texts;
    }
    for (const toml::node& each : *array) {
      const std::optional<std::string> text = each.value_exact<std::string>();
      if (!text || text->empty() || !IsPlain(*text)) {
        Fail(key, "takes a list of texts of one line");
      } else {
        texts.push_back(*text);
      }
    }
    return texts;
  }

  std::chrono::milliseconds Duration(std::string_view key, double lowest, double highest,
                                     std::chrono::milliseconds initial) {
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return initial;
    const std::optional<double> seconds = node->value<double>();
    if (!node->is_number() || !seconds || !(*seconds >= lowest && *seconds <= highest)) {
      Fail(key, "takes seconds from " + std::to_string(static_cast<int>(lowest)) + " to " +
                    std::to_string(static_cast<int>(highest)));
      return initial;
    }
    return std::chrono::milliseconds(static_cast<int64_t>(*seconds * 1000));
  }

  bool Switch(std::string_view key, bool initial) {
    const toml::node* const node = table_.get(key);
    if (node == nullptr) return initial;
    const std::optional<bool> value = node->value_exact<bool>();
    if (!value) Fail(key, "takes true or false");
    return value.value_or(initial);
  }

  // The secret in the file that `key` names; relative to the configuration's own folder.
  std::string Secret(std::string_view key) {
    if (!table_.contains(key)) return "";
    const std::string named = Text(key);
    if (named.empty()) return "";
    const std::filesystem::path folder = std::filesystem::path(file_.path).parent_path();
    const Result<std::string> secret = ReadSecret((folder / named).string());
    if (!secret) Fail(key, ": " + secret.error());
    return secret ? *secret : "";
  }

  void CheckKeys(SinkKind kind) {
    std::vector<std::string_view> known(kCommonKeys.begin(), kCommonKeys.end());
    for (const std::string_view key : KeysOf(kind)) known.push_back(key);
    for (const auto& [key, node] : table_) {
      if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
        Fail(key.str(), "is not known of a sink of kind " + std::string(Name(kind)) +
                            "; known: " + Joined(known));
      }
    }
  }

  bool Has(std::string_view key) const { return table_.contains(key); }
  const std::optional<Error>& error() const { return error_; }

 private:
  const ConfigFile& file_;
  const toml::table& table_;
  std::optional<Error> error_;
};

void ReadUrl(Reader* reader, SinkOptions* sink) {
  if (reader->Has("url") == reader->Has("url_file")) {
    reader->Fail("url", "or 'url_file' is needed, and not both");
    return;
  }
  const std::string_view key = reader->Has("url") ? "url" : "url_file";
  sink->url = reader->Has("url") ? reader->Text("url") : reader->Secret("url_file");
  const std::string defect = DefectOfUrl(sink->url);
  if (!reader->error() && !defect.empty()) reader->Fail(key, defect);
  sink->token = reader->Secret("token_file");
}

void ReadMail(Reader* reader, SinkOptions* sink) {
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
  Reader reader(file, table);
  SinkOptions sink;
  if (!reader.Has("kind"))
    reader.Fail("kind", "is missing; it takes " + Joined({kKinds.begin(), kKinds.end()}));
  sink.kind = static_cast<SinkKind>(reader.OneOf("kind", kKinds, 0));
  reader.CheckKeys(sink.kind);
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
      ReadUrl(&reader, &sink);
      sink.format = static_cast<WebhookFormat>(reader.OneOf("format", kFormats, 0));
      sink.secret = reader.Secret("secret_file");
      break;
    case SinkKind::kAlertmanager:
      ReadUrl(&reader, &sink);
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
      const Result<std::string> secret = ReadSecret(path);
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

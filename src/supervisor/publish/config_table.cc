#include "supervisor/publish/config_table.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace stirbar {
namespace {

constexpr size_t kLongestText = 2000;

}  // namespace

std::string JoinedWords(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

bool IsOneLine(std::string_view text) {
  return text.size() <= kLongestText && std::all_of(text.begin(), text.end(), [](char letter) {
           return static_cast<uint8_t>(letter) >= 0x20 && letter != 0x7F;
         });
}

// Empty: it is one. Never shows the URL: it may be secret.
std::string DefectOfUrl(std::string_view url) {
  const bool known = url.starts_with("https://") || url.starts_with("http://");
  const std::string_view rest = known ? url.substr(url.find("://") + 3) : "";
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (!known || host.empty() || !IsOneLine(url) || url.find(' ') != std::string_view::npos) {
    return "is no URL that begins with https:// or http://";
  }
  if (host.find('@') != std::string_view::npos) {
    return "holds a user or password before the host; use token_file";
  }
  return "";
}

std::string OriginOf(const std::string& url) {
  const size_t host = url.find("://");
  if (host == std::string::npos) return "";
  return url.substr(0, url.find_first_of("/?#", host + 3));
}

Result<std::string> ReadSecretFile(const std::string& path) {
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
  if (line.empty() || !IsOneLine(line)) return Error{path + " holds no secret in its first line"};
  return line;
}

void ConfigTable::Fail(std::string_view key, const std::string& what) {
  if (error_) return;
  const toml::node* const node = table_.get(key);
  error_ = ConfigError(file_, node != nullptr ? *node : table_,
                       list_ + ": '" + std::string(key) + "' " + what);
}

std::string ConfigTable::Text(std::string_view key) {
  const toml::node* const node = table_.get(key);
  if (node == nullptr) return "";
  const std::optional<std::string> text = node->value_exact<std::string>();
  if (!text || text->empty() || !IsOneLine(*text)) {
    Fail(key, "takes a text of one line");
    return "";
  }
  return *text;
}

std::string ConfigTable::Needed(std::string_view key) {
  if (!table_.contains(key)) Fail(key, "is missing");
  return Text(key);
}

std::vector<std::string> ConfigTable::Texts(std::string_view key) {
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
    if (!text || text->empty() || !IsOneLine(*text)) {
      Fail(key, "takes a list of texts of one line");
    } else {
      texts.push_back(*text);
    }
  }
  return texts;
}

std::chrono::milliseconds ConfigTable::Duration(std::string_view key, double lowest, double highest,
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

bool ConfigTable::Switch(std::string_view key, bool initial) {
  const toml::node* const node = table_.get(key);
  if (node == nullptr) return initial;
  const std::optional<bool> value = node->value_exact<bool>();
  if (!value) Fail(key, "takes true or false");
  return value.value_or(initial);
}

std::string ConfigTable::Secret(std::string_view key) {
  if (!table_.contains(key)) return "";
  const std::string named = Text(key);
  if (named.empty()) return "";
  const std::filesystem::path folder = std::filesystem::path(file_.path).parent_path();
  const Result<std::string> secret = ReadSecretFile((folder / named).string());
  if (!secret) Fail(key, ": " + secret.error());
  return secret ? *secret : "";
}

std::vector<std::pair<std::string, std::string>> ConfigTable::Pairs(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const toml::node* const node = table_.get(key);
  if (node == nullptr) return pairs;
  const toml::table* const table = node->as_table();
  if (table == nullptr) {
    Fail(key, "takes a table of texts");
    return pairs;
  }
  for (const auto& [name, value] : *table) {
    const std::optional<std::string> text = value.value_exact<std::string>();
    if (!text || text->empty() || !IsOneLine(*text) || !IsOneLine(name.str())) {
      Fail(key, "takes texts of one line");
      return pairs;
    }
    pairs.emplace_back(name.str(), *text);
  }
  return pairs;
}

int64_t ConfigTable::OneOfNumbers(std::string_view key, const std::vector<int64_t>& allowed,
                                  int64_t initial) {
  const toml::node* const node = table_.get(key);
  if (node == nullptr) return initial;
  const std::optional<int64_t> number = node->value_exact<int64_t>();
  if (number && std::find(allowed.begin(), allowed.end(), *number) != allowed.end()) return *number;
  std::string words;
  for (const int64_t each : allowed) words += (words.empty() ? "" : ", ") + std::to_string(each);
  Fail(key, "takes one of " + words);
  return initial;
}

std::string ConfigTable::Url() {
  if (Has("url") == Has("url_file")) {
    Fail("url", "or 'url_file' is needed, and not both");
    return "";
  }
  const std::string_view key = Has("url") ? "url" : "url_file";
  std::string url = Has("url") ? Text("url") : Secret("url_file");
  const std::string defect = DefectOfUrl(url);
  if (!error_ && !defect.empty()) Fail(key, defect);
  return url;
}

void ConfigTable::CheckKeys(const std::vector<std::string_view>& known, const std::string& owner) {
  for (const auto& [key, node] : table_) {
    if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
      Fail(key.str(), "is not known of " + owner + "; known: " + JoinedWords(known));
    }
  }
}

}  // namespace stirbar

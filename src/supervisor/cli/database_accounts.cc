#include "supervisor/cli/database_accounts.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

namespace stirbar {
namespace {

constexpr const char* kUrls = "STIRBAR_DATABASE_URLS";
constexpr const char* kPasswordFile = "STIRBAR_DATABASE_PASSWORD_FILE";

Result<std::string> PasswordOfFile() {
  const char* const path = std::getenv(kPasswordFile);
  if (path == nullptr || *path == '\0') return std::string();
  errno = 0;
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    const std::string what = std::string(kPasswordFile) + ": read " + path;
    return errno != 0 ? ErrnoError(what, errno) : Error{what + ": it is empty"};
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

// Between ':' and the last '@' behind "://".
void HidePassword(char* url) {
  char* const begin = std::strstr(url, "://");
  if (begin == nullptr) return;
  char* const end = std::strrchr(begin, '@');
  char* letter = std::strchr(begin + 3, ':');
  if (end == nullptr || letter == nullptr) return;
  for (++letter; letter < end; ++letter) *letter = '*';
}

}  // namespace

Result<std::vector<DatabaseAccount>> DatabaseAccounts(const std::vector<std::string>& urls) {
  std::string joined;
  std::string source = "--database: ";
  for (const std::string& url : urls) joined += url + ",";
  if (urls.empty()) {
    const char* const value = std::getenv(kUrls);
    joined = value != nullptr ? value : "";
    source = std::string(kUrls) + ": ";
  }
  const Result<std::string> password = PasswordOfFile();
  if (!password) return Error{password.error()};
  auto accounts = ParseDatabaseUrls(joined, *password);
  if (!accounts) return Error{source + accounts.error()};
  return accounts;
}

void HideDatabasePasswords(int argc, char** argv) {
  constexpr std::string_view kOption = "--database";
  for (int i = 1; i < argc && std::strcmp(argv[i], "--") != 0; ++i) {
    if (argv[i] == kOption && i + 1 < argc) {
      HidePassword(argv[i + 1]);
    } else if (std::string_view(argv[i]).starts_with("--database=")) {
      HidePassword(argv[i]);
    }
  }
}

}  // namespace stirbar

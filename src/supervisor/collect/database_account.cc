#include "supervisor/collect/database_account.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace stirbar {
namespace {

constexpr std::string_view kAllowed =
    "; it takes mysql://USER:PASSWORD@HOST:PORT or "
    "mysql://USER:PASSWORD@/?unix_socket=PATH, several separated by commas";

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

int HexDigit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

// False: a '%' without two digits behind it.
bool Decode(std::string_view text, std::string* decoded) {
  decoded->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      *decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return false;
    *decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

// What stands before and behind the first (or last) `mark`; all of it before where there is none.
std::pair<std::string_view, std::string_view> Split(std::string_view text, size_t mark) {
  if (mark == std::string_view::npos) return {text, {}};
  return {text.substr(0, mark), text.substr(mark + 1)};
}

std::string ReadScheme(std::string_view scheme) {
  const std::string_view dialect = Split(scheme, scheme.find('+')).first;
  if (dialect == "mysql" || dialect == "mariadb") return "";
  return "has a scheme that is not allowed";
}

std::string ReadUser(std::string_view text, DatabaseAccount* account) {
  const auto [user, password] = Split(text, text.find(':'));
  if (user.empty()) return "names no user";
  if (!Decode(user, &account->user) || !Decode(password, &account->password)) {
    return "has a '%' that encodes no letter (%25 is a '%')";
  }
  return "";
}

std::string ReadHost(std::string_view text, DatabaseAccount* account) {
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return "has a '[' without a ']'";
    account->host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return "has no ':' between host and port";
    if (!port.empty()) port.remove_prefix(1);
  } else {
    const auto [host, rest] = Split(text, text.find(':'));
    account->host = host;
    port = rest;
  }
  if (port.empty()) return "";
  unsigned number = 0;
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (code != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535) {
    return "has a port that is not allowed (1 to 65535)";
  }
  account->port = static_cast<uint16_t>(number);
  return "";
}

std::string ReadQuery(std::string_view text, DatabaseAccount* account) {
  while (!text.empty()) {
    const auto [option, rest] = Split(text, text.find('&'));
    const auto [key, value] = Split(option, option.find('='));
    text = rest;
    if (key == "charset") continue;  // engines need it, and ask nothing that it would change
    std::string* const field = key == "unix_socket" ? &account->unix_socket
                               : key == "ssl_ca"    ? &account->ssl_ca
                                                    : nullptr;
    if (field == nullptr) return "has an option that is not allowed (unix_socket, ssl_ca)";
    if (!Decode(value, field) || !field->starts_with('/')) {
      return "has an option whose value is not a path from / on";
    }
  }
  return "";
}

// Empty, or what is wrong with it.
std::string ReadUrl(std::string_view url, DatabaseAccount* account) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return "is no URL";
  const auto [rest, query] = Split(url, url.find('?'));
  const std::string_view authority_and_path = rest.substr(scheme_end + 3);
  const std::string_view authority = Split(authority_and_path, authority_and_path.find('/')).first;
  const size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return "names no user";
  std::string fault = ReadScheme(url.substr(0, scheme_end));
  if (fault.empty()) fault = ReadUser(authority.substr(0, at), account);
  if (fault.empty()) fault = ReadHost(authority.substr(at + 1), account);
  if (fault.empty()) fault = ReadQuery(query, account);
  if (fault.empty() && account->host.empty() && account->unix_socket.empty()) {
    return "names neither a host nor a unix_socket";
  }
  return fault;
}

}  // namespace

std::string DatabaseAccount::name() const {
  if (!unix_socket.empty()) return unix_socket;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<std::vector<DatabaseAccount>> ParseDatabaseUrls(std::string_view urls,
                                                       const std::string& password) {
  std::vector<DatabaseAccount> accounts;
  for (size_t number = 1; !Trimmed(urls).empty(); ++number) {
    const auto [url, rest] = Split(urls, urls.find(','));
    urls = rest;
    DatabaseAccount account;
    const std::string fault = ReadUrl(Trimmed(url), &account);
    const std::string which = "database URL " + std::to_string(number) + " ";
    if (!fault.empty()) return Error{which + fault + std::string(kAllowed)};
    if (account.password.empty()) account.password = password;
    for (const DatabaseAccount& other : accounts) {
      if (other.name() == account.name()) return Error{which + "names the same server as another"};
    }
    if (accounts.size() == kMaxDatabases) {
      return Error{which + "is one too many; at most " + std::to_string(kMaxDatabases) +
                   " servers are asked"};
    }
    accounts.push_back(std::move(account));
  }
  return accounts;
}

}  // namespace stirbar

#include "probe/request_head.h"

#include <strings.h>

#include <array>

namespace stirbar {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

constexpr std::array<std::string_view, 8> kTellingHeaders = {
    "content-length:",    "transfer-encoding:",
    "upgrade:",           "expect:",
    "x-request-start:",   "x-queue-start:",
    "x-request-timeout:", "x-envoy-expected-rq-timeout-ms:"};

bool StartsWith(std::string_view line, std::string_view name) {
  return line.size() >= name.size() && strncasecmp(line.data(), name.data(), name.size()) == 0;
}

bool IsTelling(std::string_view line) {
  // A line that goes on from the one before is no header of today.
  if (line.starts_with(' ') || line.starts_with('\t')) return true;
  for (const std::string_view name : kTellingHeaders) {
    if (StartsWith(line, name)) return true;
  }
  return false;
}

bool HasTellingHeader(std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = lines.find(kLineEnd);
    if (IsTelling(lines.substr(0, end))) return true;
    if (end == std::string_view::npos) return false;
    lines.remove_prefix(end + kLineEnd.size());
  }
  return false;
}

bool IsPlain(std::string_view path) {
  return path.starts_with('/') && path.find('%') == std::string_view::npos &&
         path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos;
}

}  // namespace

std::optional<RequestHead> ReadRequestHead(std::string_view text) noexcept {
  const size_t end = text.find(kHeadEnd);
  if (end == std::string_view::npos || end + kHeadEnd.size() != text.size()) return std::nullopt;
  const std::string_view line = text.substr(0, text.find(kLineEnd));
  RequestHead head;
  std::string_view rest = line;
  if (rest.starts_with("GET ")) {
    rest.remove_prefix(4);
  } else if (rest.starts_with("HEAD ")) {
    head.method = HttpMethod::kHead;
    rest.remove_prefix(5);
  } else {
    return std::nullopt;
  }
  const size_t blank = rest.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string_view version = rest.substr(blank + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return std::nullopt;
  head.path = rest.substr(0, blank);
  head.path = head.path.substr(0, head.path.find('?'));
  if (!IsPlain(head.path)) return std::nullopt;
  if (line.size() < end && HasTellingHeader(text.substr(line.size() + kLineEnd.size(),
                                                        end - line.size() - kLineEnd.size()))) {
    return std::nullopt;
  }
  return head;
}

}  // namespace stirbar

#include "supervisor/publish/http_message.h"

#include <algorithm>
#include <charconv>

#include "supervisor/publish/json_writer.h"

namespace stirbar {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A value of application/x-www-form-urlencoded.
std::string FormDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                        HexDigit(text[i + 2]) >= 0;
    if (escape) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view Find(const std::vector<HttpHeader>& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualIgnoringCase(key, name)) return value;
  }
  return {};
}

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view TakeUntil(char separator, std::string_view* rest) {
  const size_t end = std::min(rest->find(separator), rest->size());
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return part;
}

std::string_view HttpRequest::Header(std::string_view name) const { return Find(headers, name); }

size_t HttpRequest::HeaderCount(std::string_view name) const {
  return static_cast<size_t>(std::count_if(
      headers.begin(), headers.end(),
      [name](const HttpHeader& header) { return EqualIgnoringCase(header.first, name); }));
}

std::string_view HttpRequest::Path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

void HttpResponse::SetBody(std::string_view content_type, std::shared_ptr<const std::string> text) {
  headers.emplace_back("Content-Type", content_type);
  owner = std::move(text);
  body = *owner;
}

void HttpResponse::SetBody(std::string_view content_type, std::string text) {
  SetBody(content_type, std::make_shared<const std::string>(std::move(text)));
}

std::string_view HttpResponse::Header(std::string_view name) const { return Find(headers, name); }

HttpResponse ErrorResponse(int status, std::string_view message) {
  HttpResponse response;
  response.status = status;
  JsonWriter json;
  json.BeginObject();
  json.Field("error", message);
  json.EndObject();
  response.SetBody("application/json", json.Take());
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

HttpResponse RedirectResponse(std::string_view location) {
  HttpResponse response;
  response.status = 303;
  response.headers.emplace_back("Location", location);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

double Quality(std::string_view header, std::string_view name) {
  double best = 0;
  while (!header.empty()) {
    std::string_view item = TakeUntil(',', &header);
    if (!EqualIgnoringCase(Trim(TakeUntil(';', &item)), name)) continue;
    double quality = 1;
    while (!item.empty()) {
      std::string_view value = Trim(TakeUntil(';', &item));
      if (!EqualIgnoringCase(Trim(TakeUntil('=', &value)), "q")) continue;
      value = Trim(value);
      const auto result = std::from_chars(value.data(), value.data() + value.size(), quality);
      if (result.ec != std::errc() || !(quality >= 0 && quality <= 1)) quality = 0;
    }
    best = std::max(best, quality);
  }
  return best;
}

std::optional<std::string> FormField(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    std::string_view value = TakeUntil('&', &form);
    if (TakeUntil('=', &value) == name) return FormDecode(value);
  }
  return std::nullopt;
}

}  // namespace stirbar

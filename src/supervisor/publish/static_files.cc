#include "supervisor/publish/static_files.h"

#include <algorithm>

#include "supervisor/publish/gunzip.h"

namespace stirbar {
namespace {

bool AcceptsGzip(const HttpRequest& request) {
  const std::string_view accept = request.Header("Accept-Encoding");
  return Quality(accept, "gzip") > 0;
}

// Weak comparison, as RFC 9110 wants it for If-None-Match.
bool Matches(std::string_view if_none_match, std::string_view etag) {
  if (Trim(if_none_match) == "*") return true;
  while (!if_none_match.empty()) {
    std::string_view candidate = Trim(TakeUntil(',', &if_none_match));
    if (candidate.starts_with("W/")) candidate.remove_prefix(2);
    if (candidate == etag) return true;
  }
  return false;
}

}  // namespace

bool StaticFiles::IsPage(std::string_view path) {
  for (const std::string_view prefix : {"/api", "/health", "/metrics", "/assets", "/login"}) {
    if (path.starts_with(prefix)) return false;
  }
  const std::string_view last = path.substr(path.rfind('/') + 1);
  return last.find('.') == std::string_view::npos;
}

const WebAsset* StaticFiles::Find(std::string_view path) const {
  if (IsPage(path)) path = "/index.html";
  const auto asset = std::find_if(assets_.begin(), assets_.end(),
                                  [path](const WebAsset& file) { return file.path == path; });
  return asset == assets_.end() ? nullptr : &*asset;
}

HttpResponse StaticFiles::Serve(const HttpRequest& request) const {
  const WebAsset* asset = Find(request.Path());
  if (asset == nullptr) return ErrorResponse(404, "there is nothing at this address");
  HttpResponse response;
  const bool gzip = AcceptsGzip(request);
  // `private`: behind a proxy the answer is only for who has shown the token.
  response.headers = {
      {"Cache-Control", asset->path.starts_with("/assets/") ? "private, max-age=31536000, immutable"
                                                            : "private, no-cache"},
      {"Vary", "Accept-Encoding"},
      {"ETag", (gzip ? "" : "W/") + std::string(asset->etag)}};
  if (Matches(request.Header("If-None-Match"), asset->etag)) {
    response.status = 304;
    response.without_body = true;
    return response;
  }
  if (gzip) {
    response.headers.emplace_back("Content-Type", asset->content_type);
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = asset->gzip_body;
    return response;
  }
  Result<std::string> plain = Gunzip(asset->gzip_body);
  if (!plain) return ErrorResponse(500, plain.error());
  response.SetBody(asset->content_type, *std::move(plain));
  return response;
}

}  // namespace stirbar

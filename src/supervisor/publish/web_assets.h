// The files of the web page, embedded in the program. scripts/embed_web_assets.py writes the
// implementation from web/dist at build time.
#pragma once

#include <span>
#include <string_view>

namespace stirbar {

struct WebAsset {
  std::string_view path;          // "/index.html", "/assets/index-4f2a.js"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view gzip_body;     // one gzip member with a plain 10-byte header (RFC 1952)
  std::string_view etag;          // of the gzip body, with quotes: "\"9a0364b9e99bb480\""
};

// All files, sorted by path. Lives as long as the program.
std::span<const WebAsset> WebAssets();

}  // namespace stirbar

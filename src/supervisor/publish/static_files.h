// Serves the embedded web page: its files, and index.html for the addresses of its pages.
#pragma once

#include <span>

#include "supervisor/publish/http_message.h"
#include "supervisor/publish/web_assets.h"

namespace stirbar {

// Owns nothing: `assets` must live longer.
class StaticFiles {
 public:
  explicit StaticFiles(std::span<const WebAsset> assets) : assets_(assets) {}

  // Whether `path` is a page of the single-page app ("/", "/routes"): its last part has no file
  // extension. Addresses that begin like those of the API, health or metrics are none, or a probe
  // of /healthz would see 200 for ever.
  static bool IsPage(std::string_view path);

  bool Has(std::string_view path) const { return Find(path) != nullptr; }

  // 200, 304, or 404. Files under /assets/ have their content's hash in their names and are kept
  // for ever; all others are asked for again each time, which costs a 304.
  HttpResponse Serve(const HttpRequest& request) const;

 private:
  const WebAsset* Find(std::string_view path) const;  // null: no such file or page

  std::span<const WebAsset> assets_;
};

}  // namespace stirbar

#include "supervisor/publish/login_page.h"

#include <string>

namespace stirbar {
namespace {

constexpr std::string_view kStyle =
    R"(body{margin:0;min-height:100vh;display:grid;place-items:center;font:15px/1.5 system-ui,sans-serif;
color:light-dark(#16181d,#e8eaee);background:light-dark(#f5f6f8,#0f1115)}
main{width:min(23rem,calc(100vw - 4rem));padding:1.5rem 1.75rem;border-radius:12px;
border:1px solid light-dark(#dfe2e7,#2a2e37);background:light-dark(#fff,#171a20)}
h1{margin:0 0 1rem;font-size:1.25rem}
p{margin:0 0 .75rem}
label{font-weight:600}
input,button{box-sizing:border-box;width:100%;padding:.55rem .7rem;border-radius:8px;font:inherit}
input{border:1px solid light-dark(#b9bec8,#454b57);color:inherit;background:transparent}
button{border:0;font-weight:600;color:#fff;background:#0f766e;cursor:pointer}
:focus-visible{outline:3px solid #2dd4bf;outline-offset:2px}
[role=alert]{color:light-dark(#b91c1c,#f87171);font-weight:600}
form+p{margin:.25rem 0 0;font-size:.85rem;color:light-dark(#5b6270,#9aa2b1)}
)";

// Of kStyle, byte for byte. A browser that finds another one ignores the style and says which it
// wants; the browser tests allow no such complaint.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'sha256-IZaugrJGE1oVKWjDUbQ7ypkZ9BrMUR7cAQ1Gr2gxqKY='; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

}  // namespace

HttpResponse LoginPage(int status, std::string_view message, std::string_view page_after) {
  HttpResponse response;
  response.status = status;
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Stirbar: log in</title>\n"
      "<style>";
  page += kStyle;
  page += "</style>\n</head>\n<body>\n<main>\n<h1>Stirbar</h1>\n";
  if (!message.empty()) page += "<p role=\"alert\">" + std::string(message) + "</p>\n";
  page +=
      "<form method=\"post\" action=\"/login\">\n<p><label for=\"token\">Access token</label></p>\n"
      "<p><input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" "
      "required autofocus></p>\n<p><button type=\"submit\">Log in</button></p>\n";
  if (page_after != "/") {
    page += "<input name=\"next\" type=\"hidden\" value=\"" + std::string(page_after) + "\">\n";
  }
  page +=
      "</form>\n<p>The token is in the file that Stirbar named in the server's log when it "
      "started.</p>\n</main>\n</body>\n</html>\n";
  response.SetBody("text/html; charset=utf-8", std::move(page));
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("Cache-Control", "no-store");
  // With the no-referrer of all other answers browsers would send `Origin: null` with the form.
  response.headers.emplace_back("Referrer-Policy", "same-origin");
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"stirbar\"");
  return response;
}

}  // namespace stirbar

// The form that asks for the access token: the one page that is shown without it.
#pragma once

#include <string_view>

#include "supervisor/publish/http_message.h"

namespace stirbar {

// The page with `status`, and `message` above the form when it is not empty. `message` is markup:
// it must not come from outside, and neither must `page_after`, which ReturnPage() has given: where
// the login leads. Takes nothing from other addresses; its only style is named by its hash in the
// content security policy.
HttpResponse LoginPage(int status, std::string_view message, std::string_view page_after);

}  // namespace stirbar

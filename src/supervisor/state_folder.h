// Where the supervisor keeps what must outlive it and the machine's next start.
#pragma once

#include <string>

namespace stirbar {

// The file of the access token: $STIRBAR_TOKEN_FILE, else stirbar/token in $XDG_STATE_HOME, else in
// ~/.local/state, else (a service user without a home) in /var/lib.
std::string TokenPath();

}  // namespace stirbar

// Where the supervisor keeps what must outlive it and the machine's next start.
#pragma once

#include <string>

namespace stirbar {

// stirbar in $XDG_STATE_HOME, else in ~/.local/state, else (a service user without a home) in
// /var/lib. May not be there yet.
std::string StateFolder();

// The file of the operator's token: $STIRBAR_TOKEN_FILE, else `token` in the state folder.
std::string TokenPath();
// The file of the reader's token: $STIRBAR_READER_TOKEN_FILE, else `reader-token` beside the other.
std::string ReaderTokenPath();

}  // namespace stirbar

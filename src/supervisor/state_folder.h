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

// Where the history of an app is kept.
struct HistoryPlace {
  std::string path;         // empty: nowhere
  bool is_default = false;  // nobody has chosen it
};

// `configured`, else $STIRBAR_HISTORY, else history/APP.sqlite in the state folder. "off", or a
// variable that is set to nothing: nowhere. A folder, or what ends in '/': APP.sqlite in it.
HistoryPlace HistoryPlaceOf(const std::string& configured, const std::string& app_name);
// Where the default ones lie.
std::string HistoryFolder();

}  // namespace stirbar

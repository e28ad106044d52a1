// Runs a program for each message: the JSON of a webhook on its stdin, its exit status 0 says that
// it has been taken. No shell. Its environment is PATH, HOME, LANG and STIRBAR_ALERT_KEY, _STATUS,
// _APP, _GROUP, _SUMMARY, _ATTEMPT; it has no descriptor but stdin, stdout (/dev/null) and stderr,
// of which the end is shown when it fails. What runs for longer than the time-out is killed, with
// its process group.
#pragma once

#include <memory>

#include "supervisor/publish/alert_sink.h"

namespace stirbar {

std::unique_ptr<AlertSink> MakeCommandSink(const SinkOptions& options);

}  // namespace stirbar

// The sinks of alerts, from stirbar.toml and the environment.
//
//   [[sinks]]
//   name = "ops"                       # default: its kind
//   kind = "webhook"                   # log, webhook, email, alertmanager, command
//   severities = ["critical"]          # default: both
//   components = ["memory", "pool*"]   # default: all
//   send_resolved = false              # default: true
//   timeout_seconds = 10               # of one attempt: 1 to 60
//   retry_max_seconds = 300            # longest pause between two: 1 to 3600
//   # webhook: url (or url_file), format ("stirbar", "slack", "discord"), secret_file, token_file
//   # alertmanager: url (or url_file), token_file
//   # email: server ("HOST:PORT"), tls ("starttls", "tls", "none"), user, password_file, from, to
//   # command: command (["/path", "argument"])
//
// Environment: STIRBAR_WEBHOOK_URL, STIRBAR_WEBHOOK_FORMAT, STIRBAR_WEBHOOK_SECRET_FILE and
// STIRBAR_ALERTMANAGER_URL make a sink each, named webhook and alertmanager.
#pragma once

#include <vector>

#include "base/result.h"
#include "supervisor/config_file.h"
#include "supervisor/publish/alert_sink.h"

namespace stirbar {

// Reads the files of secrets, too: they are read once, at the start. Failure: something is not
// allowed, not known, missing or cannot be read: with path, line and column, or the variable.
Result<std::vector<SinkOptions>> LoadSinks(const ConfigFile& file);

}  // namespace stirbar

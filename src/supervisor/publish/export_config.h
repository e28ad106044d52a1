// Where else the history goes, from stirbar.toml.
//
//   [[exports]]
//   name = "collector"                 # default: its kind
//   kind = "otlp"                      # otlp, mysql
//   retry_max_seconds = 300            # longest pause between two attempts: 1 to 3600
//   # otlp
//   url = "http://127.0.0.1:4318"      # or url_file; /v1/metrics is added where it is missing
//   interval_seconds = 10              # 1 to 300
//   timeout_seconds = 10               # of one attempt: 1 to 60
//   token_file = "token"               # Authorization: Bearer
//   headers = {"X-Scope-OrgID" = "shop"}
//   headers_file = "api-key"           # its first line: "Name: value"
//   # mysql
//   server = "db.example:3306"         # or the path of a unix socket
//   database = "metrics"
//   user = "stirbar"
//   password_file = "password"         # or password_variable: the name of one of the environment
//   ssl_ca = "/etc/ssl/db.pem"         # TLS, and the server's name is checked
//   resolution_seconds = 60            # 10, 60 or 600
#pragma once

#include <vector>

#include "base/result.h"
#include "supervisor/config_file.h"
#include "supervisor/publish/history_export.h"

namespace stirbar {

// Reads the files of secrets, too: they are read once, at the start. Failure: something is not
// allowed, not known, missing or cannot be read: with path, line and column.
Result<std::vector<ExportOptions>> LoadExports(const ConfigFile& file);

}  // namespace stirbar

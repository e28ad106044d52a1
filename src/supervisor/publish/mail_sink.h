// An e-mail for each message, by libcurl. With STARTTLS (the default) nothing is sent to a server
// that does not offer it; certificates are checked against the machine's.
#pragma once

#include <memory>

#include "supervisor/publish/alert_sink.h"

namespace stirbar {

std::unique_ptr<AlertSink> MakeMailSink(const SinkOptions& options);

}  // namespace stirbar

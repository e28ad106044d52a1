// A line of JSON for each message on stderr, beside the supervisor's own lines: for collectors of
// logs.
#pragma once

#include <memory>

#include "supervisor/publish/alert_sink.h"

namespace stirbar {

std::unique_ptr<AlertSink> MakeLogSink();

}  // namespace stirbar

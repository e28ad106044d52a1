// POST to a URL: Stirbar's own JSON, or what Slack or Discord take. Headers: Idempotency-Key (the
// message's key), Stirbar-Attempt (from 1), and with a secret Stirbar-Timestamp (seconds since
// 1970) and Stirbar-Signature (SignatureOf).
#pragma once

#include <memory>

#include "supervisor/publish/alert_sink.h"

namespace stirbar {

std::unique_ptr<AlertSink> MakeWebhookSink(const SinkOptions& options);

}  // namespace stirbar

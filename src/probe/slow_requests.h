// Requests that were slow, and the slowest of each minute, for the supervisor to fetch.
#pragma once

#include "probe/attachment.h"
#include "probe/ended_request.h"

namespace stirbar {

// Called once for each request, after it has been counted and before its in-flight index is used
// again. Writes a record (segment: SlowRequest) where it was slow or the slowest of its minute so
// far. Time: a few instructions where it was neither.
void NoteEnded(Attachment& attachment, const EndedRequest& request) noexcept;

}  // namespace stirbar

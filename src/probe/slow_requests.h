// Requests that were slow, and the slowest of each minute, for the supervisor to fetch (segment:
// WorkerSlot::slow).
//
// A slow request (longer than slow_request_threshold) is recorded when it ends. Of the others the
// slowest of each minute is recorded when the minute is over, if it took 100 ms or more: by the
// next request or by the knock thread, whichever comes first.
//
// Threads: with the interpreter lock held, which makes the caller the single writer of the ring.
#pragma once

#include "probe/attachment.h"
#include "probe/ended_request.h"

namespace stirbar {

// Called once for each request, after it has been counted and before its in-flight index is used
// again. Time: a few instructions for a request that is neither slow nor a candidate for the
// slowest of its minute; some microseconds else, most of them for the texts of its statements.
void NoteEnded(Attachment& attachment, const EndedRequest& request) noexcept;

// Writes the record of the slowest of a minute that is over. For the knock thread.
void RecordSlowestOfMinute(Attachment& attachment, uint64_t now_ns) noexcept;

}  // namespace stirbar

#include "probe/slow_requests.h"

namespace stirbar {

void NoteEnded(Attachment&, const EndedRequest&) noexcept {}

}  // namespace stirbar

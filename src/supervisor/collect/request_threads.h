// Which thread works at which request.
#pragma once

#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// Gives the threads of `stacks` the requests of that worker among `in_flight`, by the thread that
// began each, and sorts: who works at a request first, the oldest request in front; then who holds
// the interpreter lock; then the others as they were. A thread whose native id is not known (Python
// 3.10) gets it from its request.
//
// Where several requests share a thread (greenlets), nobody outside knows whose frames these are:
// the thread gets none of them, and says so.
void AssignRequests(const std::vector<InFlightSample>& in_flight, WorkerStacks* stacks);

}  // namespace stirbar

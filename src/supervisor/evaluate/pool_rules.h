// The rules about connections to databases, and what they are judged by. Component "database".
#pragma once

#include <string>

#include "supervisor/evaluate/rule.h"

namespace stirbar {

Rule DatabaseUnavailableRule();
Rule DatabaseTargetRule();
Rule PoolWaitRule();
Rule PoolUtilizationRule();
Rule ConnectionLeaksRule();

// Null where there is none.
const PoolSample* FullestPool(const Sample& sample);
// The pool whose checkouts wait longest, by WaitOf.
const PoolSample* SlowestPool(const Sample& sample);
// What 1 of 20 checkouts of the last minute exceeded; where there were too few for that, how long
// the oldest has waited.
double WaitOf(const PoolSample& pool);
// Whether none of the servers that `pool` may write to can be reached.
bool IsUnavailable(const PoolSample& pool);

// Whether somebody has to mend it: its request or task had ended.
bool IsCertain(const LeakSample& leak);
// "GET /leak at /srv/app.py:41 in leak"; "a task ..." where no request took it.
std::string LeakText(const LeakSample& leak);

}  // namespace stirbar

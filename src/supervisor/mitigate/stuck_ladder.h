// What to do about requests that run past their limit: a ladder, each rung with a switch.
//
//   record     while it runs, with its stack          (collect stage; stuck_request_record)
//   interrupt  raise in its thread, the client gets   at the limit, once it is recorded or a
//              504                                    second has passed; stuck_request_interrupt
//   replace    end the worker; its server starts      stuck_request_replace_after past the
//              another                                limit; stuck_request_replace
//
// A request's limit is its route's or stuck_request_limit; streams and routes that are declared
// long-lived have none. A rung in mode observe (or under observe_only) is withheld: said once for
// each request.
//
// Who may be replaced, and how often, is the ReplacementBudget's to say.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "supervisor/mitigate/replacement_budget.h"
#include "supervisor/supervisor.h"

namespace stirbar {

enum class StuckStep {
  kInterrupt,
  kWithholdInterrupt,
  kReplace,
  kWithholdReplace,
  kForgoReplace,  // it is on, but not allowed now: `reason` says why
};

struct StuckAction {
  StuckStep step = StuckStep::kInterrupt;
  const InFlightSample* request = nullptr;  // of the sample given
  std::string reason;                       // plain words; empty where there is nothing to add
};

// Pure: the same samples give the same actions. Call Next once for every tick.
class StuckLadder {
 public:
  // kInterrupt is asked for again at each tick until NoteInterrupt says that the order has been
  // given; kReplace is asked for once for each request, at most one at a time, and to be carried
  // out before the next call.
  std::vector<StuckAction> Next(const Sample& sample, const std::vector<WorkerVerdict>& verdicts,
                                const ReplacementBudget& budget);
  void NoteInterrupt(const InFlightSample& request);

 private:
  struct Key {
    uint32_t slot;
    uint32_t index;
    uint64_t started_ns;
    bool operator<(const Key& other) const {
      return std::tie(slot, index, started_ns) <
             std::tie(other.slot, other.index, other.started_ns);
    }
  };
  struct Memory {
    bool seen = false;  // at this tick
    bool interrupt_done = false;
    bool replace_told = false;
    bool forgo_told = false;
  };
  static Key KeyOf(const InFlightSample& request);

  std::optional<StuckAction> NextInterrupt(const InFlightSample& request, const Sample& sample,
                                           Memory* memory) const;
  std::optional<StuckAction> NextReplace(const InFlightSample& request, const Sample& sample,
                                         const std::vector<WorkerVerdict>& verdicts,
                                         Memory* memory);

  std::map<Key, Memory> requests_;             // those past their limit
  const ReplacementBudget* budget_ = nullptr;  // during Next()
  bool free_ = true;                           // likewise: nobody is replaced
};

}  // namespace stirbar

// What the commands share that ask the supervisor's own pages: for figures that the segment does
// not hold.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"
#include "supervisor/cli/commands.h"
#include "supervisor/cli/http_ask.h"

namespace stirbar {

// GET `target` of the supervisor that watches the app of `view`, with the token of this user where
// it asks for one; again for a while where others have just asked for more than it reads. Time: 3 s
// at most. Failure: there is no supervisor, it has no pages, or the answer is an error: in words.
Result<HttpAnswer> AskSupervisor(const ViewOptions& view, const std::string& target);

// POST `json` to `target` there, always with the token: a change needs it on loopback, too. As
// AskSupervisor, but never asked twice.
Result<HttpAnswer> ChangeSupervisor(const ViewOptions& view, const std::string& target,
                                    const std::string& json);

// The body of an answer. Failure: it is no JSON object.
Result<boost::json::object> ParsedAnswer(const HttpAnswer& answer);

}  // namespace stirbar

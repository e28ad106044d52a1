// Where an export goes on after a restart: a file of one line of JSON in the state folder.
//
// It is written after the receiver has said that it has a batch, and not synced: what a killed
// supervisor or machine has not noted is sent again, which changes nothing there.
#pragma once

#include <string>

#include "base/result.h"
#include "supervisor/publish/history_news.h"

namespace stirbar {

struct ExportPlace {
  std::string path;
  std::string target;  // a position of another one is none
};

// A start from the beginning where there is none, or it cannot be read.
HistoryPosition LoadPosition(const ExportPlace& place);
// Failure: it could not be written; says why. The one before is still there then.
Result<bool> SavePosition(const ExportPlace& place, const HistoryPosition& position);

}  // namespace stirbar

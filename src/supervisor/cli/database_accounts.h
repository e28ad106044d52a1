// The servers to ask for their figures: of --database, else of the environment.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "supervisor/collect/database_account.h"

namespace stirbar {

// `urls`: the values of --database; where there are none, STIRBAR_DATABASE_URLS (separated by
// commas) says which. A URL without a password gets the first line of the file
// STIRBAR_DATABASE_PASSWORD_FILE. Failure: names the variable or option and what is allowed; shows
// nothing of a URL.
Result<std::vector<DatabaseAccount>> DatabaseAccounts(const std::vector<std::string>& urls);

// Overwrites the passwords in the values of --database, so that a list of processes does not show
// them. What stands behind `--` is the server's command, and left alone.
void HideDatabasePasswords(int argc, char** argv);

}  // namespace stirbar

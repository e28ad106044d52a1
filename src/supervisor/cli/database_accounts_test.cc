#include "supervisor/cli/database_accounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "supervisor/cli/test_variable.h"

namespace stirbar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// A file that holds `text`, for one test.
std::string FileWith(const std::string& text) {
  const std::string path = testing::TempDir() + "stirbar-password";
  std::ofstream(path) << text;
  return path;
}

TEST(DatabaseAccounts, NoneIsNothing) {
  const auto accounts = DatabaseAccounts({});
  ASSERT_TRUE(accounts.ok());
  EXPECT_TRUE(accounts->empty());
}

TEST(DatabaseAccounts, OptionsComeBeforeTheEnvironment) {
  const Variable urls("STIRBAR_DATABASE_URLS", "mysql://a:b@environment");
  EXPECT_EQ(DatabaseAccounts({})->front().host, "environment");
  const auto accounts = DatabaseAccounts({"mysql://a:b@one", "mysql://a:b@two"});
  ASSERT_EQ(accounts->size(), 2U);
  EXPECT_EQ(accounts->front().host, "one");
}

TEST(DatabaseAccounts, PasswordComesFromAFile) {
  const std::string path = FileWith("from the file\r\nsecond line\n");
  const Variable file("STIRBAR_DATABASE_PASSWORD_FILE", path.c_str());
  const auto accounts = DatabaseAccounts({"mysql://a@one,mysql://a:own@two"});
  ASSERT_TRUE(accounts.ok()) << accounts.error();
  EXPECT_EQ((*accounts)[0].password, "from the file");
  EXPECT_EQ((*accounts)[1].password, "own");
}

TEST(DatabaseAccounts, SaysWhereTheFaultIs) {
  const Variable urls("STIRBAR_DATABASE_URLS", "nonsense");
  EXPECT_THAT(DatabaseAccounts({}).error(), StartsWith("STIRBAR_DATABASE_URLS: database URL 1"));
  EXPECT_THAT(DatabaseAccounts({"nonsense"}).error(), StartsWith("--database: database URL 1"));
  const Variable file("STIRBAR_DATABASE_PASSWORD_FILE", "/does/not/exist");
  EXPECT_THAT(DatabaseAccounts({"mysql://a@h"}).error(),
              HasSubstr("STIRBAR_DATABASE_PASSWORD_FILE: read /does/not/exist: No such file"));
  const std::string empty = FileWith("");
  const Variable empty_file("STIRBAR_DATABASE_PASSWORD_FILE", empty.c_str());
  EXPECT_THAT(DatabaseAccounts({"mysql://a@h"}).error(), HasSubstr("it is empty"));
}

TEST(DatabaseAccounts, HidesPasswordsInArguments) {
  std::vector<std::string> words{"stirbar",
                                 "run",
                                 "--database",
                                 "mysql://a:secret@h:1",
                                 "--database=mysql://a:p:q@h",
                                 "--database",
                                 "mysql://a@h:3306",
                                 "--",
                                 "--database",
                                 "mysql://a:own@h"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  HideDatabasePasswords(static_cast<int>(arguments.size()), arguments.data());
  EXPECT_THAT(words, ElementsAre("stirbar", "run", "--database", "mysql://a:******@h:1",
                                 "--database=mysql://a:***@h", "--database", "mysql://a@h:3306",
                                 "--", "--database", "mysql://a:own@h"));
}

}  // namespace
}  // namespace stirbar

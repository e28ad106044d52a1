#include "supervisor/package_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "segment/test_segment.h"

namespace stirbar {
namespace {

using testing::HasSubstr;

TEST(PackageFolder, TheVariableNamesIt) {
  const TestFolder folder;
  std::filesystem::create_directory(folder.File("bootstrap"));
  setenv("STIRBAR_PACKAGE", folder.path().c_str(), 1);
  EXPECT_THAT(FindPackageFolder().error(), HasSubstr("is not the folder"));
  std::ofstream(folder.File("bootstrap/sitecustomize.py")) << "";
  EXPECT_EQ(*FindPackageFolder(), folder.path());
  unsetenv("STIRBAR_PACKAGE");
}

TEST(PackageFolder, SaysWhereItLooked) {
  unsetenv("STIRBAR_PACKAGE");
  const Result<std::string> found = FindPackageFolder();  // beside the test's own binary
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error(), HasSubstr("lib/python3*"));
  EXPECT_THAT(found.error(), HasSubstr("STIRBAR_PACKAGE"));
}

}  // namespace
}  // namespace stirbar

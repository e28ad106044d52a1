#include "supervisor/publish/access_token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "supervisor/publish/gunzip.h"
#include "supervisor/publish/publish_fixture.h"

namespace stirbar {
namespace {

namespace fs = std::filesystem;

class AccessTokenTest : public testing::Test {
 protected:
  AccessTokenTest() {
    std::string pattern = (fs::temp_directory_path() / "stirbar-token-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~AccessTokenTest() override { fs::remove_all(root_); }

  static unsigned Mode(const fs::path& path) {
    struct stat status {};
    stat(path.c_str(), &status);
    return status.st_mode & 0777U;
  }

  void Write(const std::string& text) {
    fs::create_directory(path_().parent_path());
    std::ofstream(path_()) << text;
    chmod(path_().c_str(), 0600);
    chmod(path_().parent_path().c_str(), 0700);
  }

  fs::path path_() const { return root_ / "stirbar" / "token"; }

  fs::path root_;
};

TEST_F(AccessTokenTest, IsMadeOnceAndKept) {
  const Result<std::string> first = LoadOrCreateToken(path_());
  ASSERT_TRUE(first) << first.error();
  EXPECT_EQ(first->size(), 64U);
  EXPECT_EQ(Mode(path_()), 0600U);
  EXPECT_EQ(Mode(path_().parent_path()), 0700U);
  EXPECT_EQ(*LoadOrCreateToken(path_()), *first);
  // Nothing else is left behind.
  EXPECT_EQ(std::distance(fs::directory_iterator(path_().parent_path()), {}), 1);
}

TEST_F(AccessTokenTest, MakesMissingParents) {
  EXPECT_TRUE(LoadOrCreateToken(root_ / "a" / "b" / "token"));
  EXPECT_EQ(Mode(root_ / "a" / "b"), 0700U);
}

TEST_F(AccessTokenTest, RefusesAFileThatOthersMayRead) {
  ASSERT_TRUE(LoadOrCreateToken(path_()));
  for (const mode_t mode : {0640U, 0604U, 0660U}) {
    chmod(path_().c_str(), mode);
    const Result<std::string> token = LoadOrCreateToken(path_());
    ASSERT_FALSE(token);
    EXPECT_NE(token.error().find("can be read by other users"), std::string::npos);
  }
}

TEST_F(AccessTokenTest, RefusesADirectoryInWhichOthersMayWrite) {
  fs::create_directory(path_().parent_path());
  chmod(path_().parent_path().c_str(), 0777);
  EXPECT_FALSE(LoadOrCreateToken(path_()));
}

TEST_F(AccessTokenTest, RefusesSymbolicLinksAndOtherThings) {
  Write(std::string(64, 'a'));
  fs::rename(path_(), root_ / "real");
  fs::create_symlink(root_ / "real", path_());
  EXPECT_FALSE(LoadOrCreateToken(path_()));
  fs::remove(path_());
  fs::create_directory(path_());
  EXPECT_FALSE(LoadOrCreateToken(path_()));
  EXPECT_FALSE(LoadOrCreateToken(root_ / "real" / "token"));  // a file where a directory should be
}

TEST_F(AccessTokenTest, TakesAnOwnTokenButNoWeakOne) {
  Write("My-own_token.of-at-least-32-characters~\n");
  EXPECT_EQ(*LoadOrCreateToken(path_()), "My-own_token.of-at-least-32-characters~");
  for (const std::string& weak : {std::string(), std::string("short\n"), std::string(40, ' '),
                                  std::string(600, 'a'), std::string(40, '\n')}) {
    Write(weak);
    const Result<std::string> token = LoadOrCreateToken(path_());
    ASSERT_FALSE(token);
    if (weak.starts_with("short")) {
      EXPECT_EQ(token.error().find("short"), std::string::npos);  // secrets are not repeated
    }
  }
}

TEST(RandomToken, DiffersEachTime) {
  EXPECT_EQ(RandomToken().size(), 64U);
  EXPECT_NE(RandomToken(), RandomToken());
}

TEST(ConstantTimeEqual, Compares) {
  EXPECT_TRUE(ConstantTimeEqual("abc", "abc"));
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_FALSE(ConstantTimeEqual("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEqual("abc", ""));
  EXPECT_FALSE(ConstantTimeEqual("", "abc"));
  EXPECT_FALSE(ConstantTimeEqual("abcabc", "abc"));
}

TEST(Gunzip, RefusesDamagedData) {
  const std::string_view good = kTestAssets[1].gzip_body;
  EXPECT_EQ(*Gunzip(good), kTestPage);
  EXPECT_FALSE(Gunzip(""));
  EXPECT_FALSE(Gunzip("GET / HTTP/1.1 and more"));
  EXPECT_FALSE(Gunzip(std::string(good.substr(0, 20)) + std::string(good.substr(38))));
  std::string huge(good);
  huge.replace(huge.size() - 4, 4, "\xff\xff\xff\x7f");
  EXPECT_FALSE(Gunzip(huge));
}

}  // namespace
}  // namespace stirbar

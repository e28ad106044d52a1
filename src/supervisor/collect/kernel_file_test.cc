#include "supervisor/collect/kernel_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "supervisor/collect/fake_tree.h"

namespace stirbar {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(KernelFile, ReadsWhatFitsIntoTheBuffer) {
  const FakeTree tree;
  tree.Write("file", "twelve bytes");
  std::array<char, 64> large;
  std::array<char, 6> small;
  EXPECT_EQ(*ReadKernelFile(tree.root() + "/file", large), "twelve bytes");
  EXPECT_EQ(*ReadKernelFile(tree.root() + "/file", small), "twelve");
}

TEST(KernelFile, ReadsAFileOfSeveralPieces) {
  const FakeTree tree;
  const std::string text(10'000, 'x');
  tree.Write("file", text);
  EXPECT_EQ(*ReadWholeFile(tree.root() + "/file"), text);
}

TEST(KernelFile, MissingFileIsNamed) {
  const FakeTree tree;
  std::array<char, 8> buffer;
  const auto text = ReadKernelFile(tree.root() + "/none", buffer);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error(), "open " + tree.root() + "/none: No such file or directory");
}

TEST(KernelFile, DirectoryIsAnError) {
  const FakeTree tree;
  std::array<char, 8> buffer;
  const auto text = ReadKernelFile(tree.root(), buffer);
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error(), HasSubstr("Is a directory"));
}

TEST(KernelFile, NumberAfterIgnoresKeysWithinLines) {
  const std::string_view text = "nonvoluntary: 3\nvoluntary: 7\nempty:\nlast:\t9";
  EXPECT_EQ(NumberAfter(text, "voluntary:"), 7U);
  EXPECT_EQ(NumberAfter(text, "nonvoluntary:"), 3U);
  EXPECT_EQ(NumberAfter(text, "last:"), 9U);
  EXPECT_EQ(NumberAfter(text, "empty:"), std::nullopt);
  EXPECT_EQ(NumberAfter(text, "absent:"), std::nullopt);
}

TEST(KernelFile, TakeNumberGoesThroughAList) {
  std::string_view text = "12 \t34 max";
  EXPECT_EQ(TakeNumber(&text), 12U);
  EXPECT_EQ(TakeNumber(&text), 34U);
  EXPECT_EQ(TakeNumber(&text), std::nullopt);
  std::string_view too_large = "99999999999999999999";
  EXPECT_EQ(TakeNumber(&too_large), std::nullopt);
  std::string_view blanks = "  ";
  EXPECT_EQ(TakeNumber(&blanks), std::nullopt);
}

TEST(KernelFile, ListsOnlyNumbers) {
  const FakeTree tree;
  tree.Write("12", "");
  tree.Write("7", "");
  tree.Write("7x", "");
  tree.Write("self", "");
  EXPECT_THAT(*ListNumbers(tree.root()), UnorderedElementsAre(7U, 12U));
  EXPECT_EQ(ListNumbers(tree.root(), 1)->size(), 1U);
}

TEST(KernelFile, PrintableTextHidesOtherBytes) {
  EXPECT_EQ(PrintableText("a\n\xff\x1b[b~"), "a???[b~");
}

TEST(KernelFile, ProcPathOfTheLargestPid) {
  EXPECT_EQ(ProcPath("/proc", 4294967295U, "fd/3"), "/proc/4294967295/fd/3");
}

}  // namespace
}  // namespace stirbar

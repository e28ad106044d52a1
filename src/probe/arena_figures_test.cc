#include "probe/arena_figures.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

// As CPython 3.11 prints it.
constexpr const char* kText = R"(Small block threshold = 512, in 32 size classes.

class   size   num pools   blocks in use  avail blocks
-----   ----   ---------   -------------  ------------
    0     16           1             215           809

# arenas allocated total           =                   11
# arenas reclaimed                 =                    3
# arenas highwater mark            =                    9
# arenas allocated current         =                    8
8 arenas * 1048576 bytes/arena     =            8,388,608

# bytes in allocated blocks        =            6,123,456
# bytes in available blocks        =              201,344
Total                              =            8,388,608
)";

TEST(ArenaFigures, ReadsWhatPythonPrints) {
  const ArenaFigures figures = ParseArenas(kText);
  EXPECT_EQ(figures.bytes, 8'388'608U);
  EXPECT_EQ(figures.used_bytes, 6'123'456U);
}

TEST(ArenaFigures, AnotherTextIsNotKnown) {
  EXPECT_EQ(ParseArenas("").bytes, 0U);
  EXPECT_EQ(ParseArenas("bytes/arena").bytes, 0U);
  EXPECT_EQ(ParseArenas("# mimalloc").used_bytes, 0U);
}

TEST(ArenaFigures, AProcessWithoutPythonHasNone) {
  const ArenaFigures figures = ReadArenas();
  EXPECT_EQ(figures.bytes, 0U);
}

}  // namespace
}  // namespace stirbar

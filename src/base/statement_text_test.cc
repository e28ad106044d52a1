#include "base/statement_text.h"

#include <gtest/gtest.h>

#include <string>

namespace stirbar {
namespace {

std::string Shown(std::string_view statement, SqlDialect dialect = SqlDialect::kStandard,
                  size_t capacity = 240) {
  std::string out(capacity, '!');
  out.resize(ShowStatement(statement, dialect, out.data(), capacity));
  return out;
}
std::string ShownMySql(std::string_view statement) { return Shown(statement, SqlDialect::kMySql); }

TEST(StatementText, KeepsWhatIsNoLiteral) {
  for (const char* text : {
           "SELECT item.id, item.t2 FROM item WHERE item.id = ? AND a1 <> b",
           "UPDATE \"order\" SET name=:name_1 WHERE id=%(id_1)s AND x=%s",
           "SELECT $1::int4, @p1, :1 FROM schema_1.table_2",
           "SELECT größe FROM maße WHERE a % b",
           "SELECT `a b` FROM `1t`",
       }) {
    EXPECT_EQ(Shown(text), text);
  }
}

TEST(StatementText, ReplacesStrings) {
  EXPECT_EQ(Shown("WHERE a = 'secret' AND b='x''y' AND c=''"), "WHERE a = ? AND b=? AND c=?");
  EXPECT_EQ(Shown("VALUES (N'x', e'it\\'s', X'ff', '\\', 'b')"), "VALUES (?, ?, ?, ?, ?)");
  EXPECT_EQ(Shown("SELECT $$it's$$, $body$ a $$ b $body$, $1"), "SELECT ?, ?, $1");
  EXPECT_EQ(Shown("a = 'never ends; DROP"), "a = ?");
  EXPECT_EQ(Shown("a = \"never ends"), "a = ?");
  EXPECT_EQ(Shown("a = $x$never ends"), "a = ?");
}

TEST(StatementText, ReplacesWhatMySqlTakesForStrings) {
  EXPECT_EQ(ShownMySql("a = \"secret\" AND b = 'it\\'s \"x' AND `c` = _utf8'y'"),
            "a = ? AND b = ? AND `c` = ?");
  EXPECT_EQ(ShownMySql("a = 'ends in a backslash\\"), "a = ?");
}

TEST(StatementText, ReplacesNumbers) {
  EXPECT_EQ(Shown("a=12 AND b = -1.5e-3 OR c IN (1,.5,0xFF,1_000) LIMIT 10"),
            "a=? AND b = -? OR c IN (?,?,?,?) LIMIT ?");
}

TEST(StatementText, DropsComments) {
  EXPECT_EQ(Shown("SELECT a /* user 'x', /* id */ 7 */ FROM b -- it's 12\nWHERE c"),
            "SELECT a FROM b WHERE c");
  EXPECT_EQ(ShownMySql("SELECT a # it's\nFROM b"), "SELECT a FROM b");
  EXPECT_EQ(Shown("SELECT a /* never ends"), "SELECT a");
}

TEST(StatementText, BlanksBecomeOne) {
  EXPECT_EQ(Shown("\n  SELECT a \r\n\t FROM  b  "), "SELECT a FROM b");
}

TEST(StatementText, CutsBetweenLetters) {
  EXPECT_EQ(Shown("abcdefghij", SqlDialect::kStandard, 11), "abcdefghij");
  EXPECT_EQ(Shown("abcdefghijk", SqlDialect::kStandard, 11), "abcdefg...");
  EXPECT_EQ(Shown("abcdefäää", SqlDialect::kStandard, 11), "abcdef...");
  EXPECT_EQ(Shown("a äääääää", SqlDialect::kStandard, 11), "a ää...");
  EXPECT_EQ(Shown(std::string(100'000, 'x')), std::string(236, 'x') + "...");
  EXPECT_EQ(Shown("abcdef", SqlDialect::kStandard, 4), "...");
}

TEST(StatementText, TakesAnyBytes) {
  EXPECT_EQ(Shown(""), "");
  EXPECT_EQ(Shown("'"), "?");
  EXPECT_EQ(Shown("\\"), "\\");
  EXPECT_EQ(Shown("$"), "$");
  EXPECT_EQ(Shown("E'"), "?");
  EXPECT_EQ(Shown("/*"), "");
  EXPECT_EQ(Shown(std::string_view("a\0b", 3)), "a b");
  uint32_t random = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) {
      random = random * 1664525U + 1013904223U;
      text += "'\"`$-/*\\aE1.e:\xC3\xA4\n "[(random >> 16U) % 18];
    }
    EXPECT_LT(Shown(text, round % 2 == 0 ? SqlDialect::kStandard : SqlDialect::kMySql, 40).size(),
              40U);
  }
}

}  // namespace
}  // namespace stirbar

#include "supervisor/collect/checkout_stack.h"

#include <gtest/gtest.h>

#include "supervisor/collect/fake_interpreter.h"

namespace stirbar {
namespace {

constexpr const char* kLibrary = "/srv/env/lib/python3.11/site-packages/";

FrameSample Library(const std::string& function, const std::string& file) {
  return {function, kLibrary + file, 1};
}

TEST(CheckoutStack, IsReadFromAddressesAndOffsets) {
  FakeInterpreter interpreter;
  const uint64_t inner = interpreter.AddCode(U"leak", 40);
  const uint64_t outer = interpreter.AddCode(U"view", 10);
  CheckoutStackReader reader(interpreter.memory(), interpreter.view());
  const std::vector<LeakRecord::Entry> entries{{inner, 2}, {outer, 8}, {0, 0}, {inner, 2}};
  const CheckoutStack stack = reader.Read(entries);
  ASSERT_EQ(stack.frames.size(), 2U);
  EXPECT_EQ(stack.frames[0].function, "leak");
  EXPECT_EQ(stack.frames[0].file, "/srv/app.py");
  EXPECT_EQ(stack.frames[0].line, 41U);
  EXPECT_EQ(stack.frames[1].line, 14U);
}

TEST(CheckoutStack, EndsWhereThereIsNoCodeObject) {
  FakeInterpreter interpreter;
  const uint64_t code = interpreter.AddCode(U"view", 10);
  CheckoutStackReader reader(interpreter.memory(), interpreter.view());
  const std::vector<LeakRecord::Entry> entries{
      {code, UINT64_MAX}, {0xDEAD, 0}, {code, 0}, {interpreter.gil(), 0}};
  EXPECT_TRUE(reader.Read(entries).frames.empty());
}

TEST(CheckoutStack, LeavesSqlalchemyOut) {
  const CheckoutStack stack = WithoutLibrary({
      Library("FairPool._do_get", "stirbar/pool.py"),
      Library("Engine.raw_connection", "sqlalchemy/engine/base.py"),
      Library("Engine.connect", "sqlalchemy/engine/base.py"),
      Library("Engine.begin", "sqlalchemy/engine/base.py"),
      {"_go", "<sqlalchemy generated _go() wrapper for Session>", 2},
      {"_GeneratorContextManager.__enter__", "/usr/lib/python3.11/contextlib.py", 137},
      {"leak", "/srv/app.py", 41},
      Library("Flask.dispatch_request", "flask/app.py"),
  });
  ASSERT_EQ(stack.frames.size(), 2U);
  EXPECT_EQ(stack.frames[0].line, 41U);
  EXPECT_EQ(stack.holder, HolderKind::kConnection);
}

TEST(CheckoutStack, TellsHowItWasTaken) {
  const FrameSample app{"leak", "/srv/app.py", 41};
  const FrameSample raw = Library("Engine.raw_connection", "sqlalchemy/engine/base.py");
  EXPECT_EQ(WithoutLibrary({raw, app}).holder, HolderKind::kRaw);
  EXPECT_EQ(
      WithoutLibrary({Library("_wrap_pool_connect", "sqlalchemy/engine/base.py"), raw, app}).holder,
      HolderKind::kRaw)
      << "SQLAlchemy 1.4";
  EXPECT_EQ(
      WithoutLibrary({raw, Library("Session.execute", "sqlalchemy/orm/session.py"), app}).holder,
      HolderKind::kSession);
  EXPECT_EQ(WithoutLibrary({raw, Library("Session.execute", "sqlalchemy/orm/session.py"),
                            Library("Query.get_or_404", "flask_sqlalchemy/query.py"), app})
                .holder,
            HolderKind::kFlaskSession);
  EXPECT_EQ(WithoutLibrary({app}).holder, HolderKind::kUnknown);
  EXPECT_EQ(WithoutLibrary({raw}).frames.size(), 1U) << "better than none";
  EXPECT_TRUE(WithoutLibrary({}).frames.empty());
}

TEST(CheckoutStack, TheAppsOwnFrameIsNoPackages) {
  const std::vector<FrameSample> frames{
      Library("query", "records/db.py"), {"<module>", "<string>", 1}, {"report", "/srv/app.py", 7}};
  EXPECT_EQ(AppFrameOf(frames)->line, 7U);
  EXPECT_EQ(AppFrameOf({frames[0]})->function, "query");
  EXPECT_EQ(AppFrameOf({}), nullptr);
}

}  // namespace
}  // namespace stirbar

#include "supervisor/collect/request_threads.h"

#include <gtest/gtest.h>

namespace stirbar {
namespace {

ThreadStack Thread(uint32_t thread, uint64_t python_thread) {
  ThreadStack stack;
  stack.thread = thread;
  stack.python_thread = python_thread;
  return stack;
}

InFlightSample Request(uint32_t thread, uint64_t python_thread, double age) {
  InFlightSample request;
  request.slot = 1;
  request.pid = 4711;
  request.thread = thread;
  request.python_thread = python_thread;
  request.age_seconds = age;
  return request;
}

WorkerStacks Worker(std::vector<ThreadStack> threads) {
  WorkerStacks stacks;
  stacks.slot = 1;
  stacks.pid = 4711;
  stacks.threads = std::move(threads);
  return stacks;
}

std::vector<uint32_t> Order(const WorkerStacks& stacks) {
  std::vector<uint32_t> order;
  for (const ThreadStack& thread : stacks.threads) order.push_back(thread.thread);
  return order;
}

TEST(RequestThreads, OldestRequestFirstThenTheHolderThenTheOthers) {
  WorkerStacks stacks =
      Worker({Thread(10, 100), Thread(11, 101), Thread(12, 102), Thread(13, 103)});
  stacks.threads[1].holds_lock = true;
  AssignRequests({Request(13, 103, 9), Request(12, 102, 30)}, &stacks);
  EXPECT_EQ(Order(stacks), (std::vector<uint32_t>{12, 13, 11, 10}));
  EXPECT_EQ(stacks.threads[0].request->age_seconds, 30);
  EXPECT_FALSE(stacks.threads[2].request);
}

TEST(RequestThreads, ThePythonThreadCountsWhereItIsKnown) {
  // The native id of a thread that has ended may be another one's now.
  WorkerStacks stacks = Worker({Thread(10, 100), Thread(11, 101)});
  AssignRequests({Request(10, 101, 1)}, &stacks);
  EXPECT_EQ(stacks.threads[0].thread, 11U);
  EXPECT_TRUE(stacks.threads[0].request);
  EXPECT_FALSE(stacks.threads[1].request);
  // A probe that does not say it: by the native id.
  stacks = Worker({Thread(10, 100), Thread(11, 101)});
  AssignRequests({Request(11, 0, 1)}, &stacks);
  EXPECT_EQ(stacks.threads[0].thread, 11U);
}

TEST(RequestThreads, ARequestTellsTheNativeIdThatPythonDoesNot) {
  WorkerStacks stacks = Worker({Thread(0, 100)});
  stacks.threads[0].holds_lock = true;
  AssignRequests({Request(77, 100, 1)}, &stacks);
  EXPECT_EQ(stacks.threads[0].thread, 77U);
  EXPECT_EQ(stacks.lock_holder, 77U);
}

TEST(RequestThreads, WhatGreenletsShareIsNobodys) {
  WorkerStacks stacks = Worker({Thread(10, 100)});
  AssignRequests({Request(10, 100, 5), Request(10, 100, 1)}, &stacks);
  EXPECT_FALSE(stacks.threads[0].request);
  EXPECT_EQ(stacks.threads[0].reason, "2 requests share this thread");
}

TEST(RequestThreads, RequestsOfOtherWorkersAreNotMixedIn) {
  WorkerStacks stacks = Worker({Thread(10, 100)});
  InFlightSample other = Request(10, 100, 5);
  other.slot = 2;
  InFlightSample before = Request(10, 100, 5);
  before.pid = 4710;  // the slot has a new owner
  AssignRequests({other, before}, &stacks);
  EXPECT_FALSE(stacks.threads[0].request);
}

}  // namespace
}  // namespace stirbar

// What to change in the settings of pools, of databases, and in the code that uses them, before it
// hurts: said also while no rule fires. Each names the exact setting or place, with the figures.
//
//   max_connections  workers x (size + overflow) of all pools of a server stays within
//                    database_connection_ratio of its max_connections
//   wait_timeout     no connection is idle for as long as the server waits: whatever comes first of
//                    keep-alive, idle time-out and lifetime
//   pool size        p95 of the connections in use at once in one worker, + 1
//   floor            where one request holds c connections of a pool at once: threads x (c - 1) +
//   1;
//                    with fewer, all threads can hold c - 1 and wait for ever
//   leaks            the route and the line that takes the connection, and how to give it back
//   slow statements  the route and the statement
#pragma once

#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

// Worst first. Pure.
std::vector<Recommendation> AdviseConnections(const Sample& sample);

// How the connections of `leak` are given back, as an order to the programmer.
std::string HowToGiveBack(const LeakSample& leak);

}  // namespace stirbar

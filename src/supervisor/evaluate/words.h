// Figures and names in plain words, as reasons, findings and recommendations use them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/supervisor.h"

namespace stirbar {

std::string SecondsText(double seconds);  // "0.02 s", "3.2 s", "45 s", "5 min 12 s", "2 h 5 min"
std::string PercentText(double ratio);    // 0.914 -> "91 %"; one decimal below 10 %
std::string BytesText(double bytes);      // decimal units: "82 MB", "1.2 GB"
std::string NumberText(double number);    // "12", "1.9"

// "1 request", "2 requests".
std::string CountText(uint64_t count, std::string_view thing);
// "a", "a and b", "a, b and 3 more": the first two by name.
std::string ListText(const std::vector<std::string>& items);

std::string WorkerText(uint32_t slot, uint32_t pid);  // "worker 1 (pid 4712)"

// What runs, as the subject of a sentence: "GET /item/<int:id>", "a request not routed yet".
std::string RequestText(const InFlightSample& request, const Sample& sample);

}  // namespace stirbar

#include "supervisor/publish/outbox_queue.h"

#include <algorithm>
#include <set>
#include <string>

namespace stirbar {

size_t CollapseEpisodes(OutboxQueue* queue, size_t spared, std::vector<uint64_t>* emptied) {
  std::set<std::string> begun;
  std::set<std::string> over;
  for (size_t i = spared; i < queue->size(); ++i) {
    for (const AlertNews& news : (*queue)[i].notice->news) {
      if (news.kind == NewsKind::kFiring) begun.insert(news.id);
      if (news.kind == NewsKind::kResolved && begun.contains(news.id)) over.insert(news.id);
    }
  }
  if (over.empty()) return 0;
  OutboxQueue kept;
  for (size_t i = 0; i < queue->size(); ++i) {
    OutboxMessage& message = (*queue)[i];
    const auto is_over = [&](const AlertNews& news) { return over.contains(news.id); };
    const auto& news = message.notice->news;
    if (i >= spared && std::any_of(news.begin(), news.end(), is_over)) {
      auto rest = std::make_shared<AlertNotice>(*message.notice);
      std::erase_if(rest->news, is_over);
      if (rest->news.empty()) {
        emptied->push_back(rest->number);
        continue;
      }
      message.bytes = message.bytes * rest->news.size() / news.size();
      message.notice = std::move(rest);
    }
    kept.push_back(std::move(message));
  }
  *queue = std::move(kept);
  return over.size();
}

std::chrono::milliseconds OutboxPause(uint32_t failures, std::chrono::milliseconds longest,
                                      double chance, std::chrono::seconds asked) {
  using std::chrono::milliseconds;
  constexpr milliseconds kFirst{1000};
  const milliseconds whole =
      std::min(kFirst * (1U << std::min(std::max(failures, 1U) - 1, 20U)), longest);
  const auto jitter = static_cast<int64_t>(static_cast<double>(whole.count()) / 4 * chance);
  return std::max<milliseconds>(whole - milliseconds(jitter),
                                std::min(asked, std::chrono::seconds(3600)));
}

}  // namespace stirbar

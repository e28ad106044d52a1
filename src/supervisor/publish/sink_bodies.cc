#include "supervisor/publish/sink_bodies.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <ctime>

#include "supervisor/publish/json_writer.h"
#include "supervisor/publish/sha256.h"
#include "supervisor/publish/utf8.h"

namespace stirbar {
namespace {

std::string DurationText(uint64_t ns) {
  const uint64_t seconds = ns / 1'000'000'000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds % 3600 / 60) + " min";
}

std::string Where(const Finding& finding) {
  return finding.slot ? "worker " + std::to_string(*finding.slot) + ": " : "";
}

std::string DroppedText(uint64_t dropped) {
  if (dropped == 0) return "";
  return std::to_string(dropped) +
         " earlier messages are missing: there was no room for them while this was not reachable.";
}

// Without control characters and wrong UTF-8, at most `most` bytes.
std::string CleanText(std::string_view text, size_t most) {
  std::string clean;
  while (!text.empty() && clean.size() < most) {
    const size_t length = Utf8Length(text);
    if (length == 0) {
      clean += kReplacementCharacter;
      text.remove_prefix(1);
      continue;
    }
    const bool control = length == 1 && static_cast<uint8_t>(text[0]) < 0x20;
    clean += control ? std::string_view(" ") : text.substr(0, length);
    text.remove_prefix(length);
  }
  return clean;
}

std::string SlackText(std::string_view text) {
  std::string escaped;
  for (const char letter : CleanText(text, 2500)) {
    if (letter == '&') {
      escaped += "&amp;";
    } else if (letter == '<') {
      escaped += "&lt;";
    } else if (letter == '>') {
      escaped += "&gt;";
    } else if (letter == '*' || letter == '_' || letter == '~' || letter == '`') {
      // Slack has no escape for its marks; a zero-width space takes their meaning away.
      escaped += "\xE2\x80\x8B";
      escaped += letter;
    } else {
      escaped += letter;
    }
  }
  return escaped;
}

std::string DiscordText(std::string_view text, size_t most) {
  std::string escaped;
  for (const char letter : CleanText(text, most)) {
    if (std::string_view("\\*_~`|>#[]()<@:-").find(letter) != std::string_view::npos) {
      escaped += '\\';
    }
    escaped += letter;
  }
  return escaped;
}

struct Colour {
  std::string_view slack;
  int discord;
};

Colour ColourOf(const AlertNews& news) {
  if (news.kind == NewsKind::kResolved) return {"#2e7d32", 0x2e7d32};
  if (news.finding.severity == Status::kCritical) return {"#c62828", 0xc62828};
  return news.kind == NewsKind::kTest ? Colour{"#1565c0", 0x1565c0} : Colour{"#ef6c00", 0xef6c00};
}

void WriteNews(const AlertNews& news, JsonWriter* json) {
  const Finding& finding = news.finding;
  json->BeginObject();
  json->Field("event", Name(news.kind));
  json->Field("id", news.id);
  json->Field("rule", finding.rule);
  json->Field("component", finding.component);
  json->Field("severity", Name(finding.severity));
  json->Field("worker", finding.slot);
  json->Field("message", finding.message);
  json->Field("value", finding.value);
  json->Field("threshold", Exact{finding.threshold});
  json->Field("fired", Time{news.fired_wall_ns});
  json->Field("resolved", news.resolved_wall_ns != 0 ? std::optional(Rfc3339(news.resolved_wall_ns))
                                                     : std::nullopt);
  json->Field("changes", news.changes);
  json->EndObject();
}

// RFC 2047: words of at most 75 characters, of whole characters each.
std::string EncodedSubject(std::string_view text) {
  std::string encoded;
  std::string word;
  const auto flush = [&] {
    if (word.empty()) return;
    encoded += (encoded.empty() ? "=?utf-8?B?" : "\r\n =?utf-8?B?") + Base64(word) + "?=";
    word.clear();
  };
  while (!text.empty()) {
    const size_t length = std::max<size_t>(Utf8Length(text), 1);
    if (word.size() + length > 42) flush();
    word += text.substr(0, length);
    text.remove_prefix(length);
  }
  flush();
  return encoded;
}

std::string MailDate(uint64_t wall_ns) {
  const auto seconds = static_cast<time_t>(wall_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 80> text;
  std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d +0000",
                kDays[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                kMonths[static_cast<size_t>(parts.tm_mon)], 1900 + parts.tm_year, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

std::string Wrapped(const std::string& base64) {
  std::string text;
  for (size_t at = 0; at < base64.size(); at += 76) text += base64.substr(at, 76) + "\r\n";
  return text;
}

}  // namespace

std::string LineOf(const AlertNews& news) {
  const std::string what = Where(news.finding) + news.finding.message;
  switch (news.kind) {
    case NewsKind::kFiring:
      return what;
    case NewsKind::kSeverity:
      return "now " + std::string(Name(news.finding.severity)) + ": " + what;
    case NewsKind::kRepeat:
      return "still: " + what;
    case NewsKind::kFlapping:
      return "comes and goes, " + std::to_string(news.changes) +
             " changes; no more is told until it is calm: " + what;
    case NewsKind::kResolved:
      return "over after " +
             DurationText(news.resolved_wall_ns > news.fired_wall_ns
                              ? news.resolved_wall_ns - news.fired_wall_ns
                              : 0) +
             ": " + what;
    case NewsKind::kTest:
      return what;
  }
  return what;
}

std::string HeadlineOf(const AlertNotice& notice) {
  const Status worst = WorstOf(notice);
  const std::string_view word =
      worst != Status::kHealthy && StatusOf(notice) == "firing" ? Name(worst) : StatusOf(notice);
  std::string text = "[" + std::string(word) + "] " + notice.app + ": ";
  if (notice.news.size() == 1) return text + LineOf(notice.news.front());
  return text + std::to_string(notice.news.size()) + " news of " + notice.group;
}

std::string WebhookBody(const AlertNotice& notice, uint64_t dropped) {
  JsonWriter json;
  json.BeginObject();
  json.Field("version", 1);
  json.Field("key", notice.key);
  json.Field("time", Time{notice.wall_ns});
  json.Field("app", notice.app);
  json.Field("group", notice.group);
  json.Field("status", StatusOf(notice));
  json.Field("summary", HeadlineOf(notice));
  json.Field("url", notice.url);
  json.Field("firing", notice.firing);
  json.Field("dropped", dropped);
  json.BeginArray("alerts");
  for (const AlertNews& news : notice.news) WriteNews(news, &json);
  json.EndArray();
  json.EndObject();
  return json.Take();
}

std::string SlackBody(const AlertNotice& notice, uint64_t dropped) {
  JsonWriter json;
  json.BeginObject();
  json.Field("text", SlackText(HeadlineOf(notice)));
  json.BeginArray("attachments");
  for (const AlertNews& news : notice.news) {
    json.BeginObject();
    json.Field("color", ColourOf(news).slack);
    json.Field("title", SlackText(std::string(Name(news.kind)) + " · " + news.finding.rule));
    json.Field("text", SlackText(LineOf(news)));
    json.Field("fallback", SlackText(LineOf(news)));
    json.Field("ts", notice.wall_ns / 1'000'000'000);
    json.EndObject();
  }
  const std::string foot = DroppedText(dropped);
  if (!foot.empty()) {
    json.BeginObject();
    json.Field("text", foot);
    json.Field("fallback", foot);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

std::string DiscordBody(const AlertNotice& notice, uint64_t dropped) {
  // Discord's own limits: 10 embeds, 6,000 characters in all of them, 2,000 in the content.
  constexpr size_t kMostEmbeds = 10;
  JsonWriter json;
  json.BeginObject();
  std::string content = DiscordText(HeadlineOf(notice), 800);
  if (dropped > 0) content += "\n" + DroppedText(dropped);
  if (notice.news.size() > kMostEmbeds) {
    content += "\nThe first " + std::to_string(kMostEmbeds) + " are shown.";
  }
  json.Field("content", content);
  json.BeginObject("allowed_mentions");
  json.BeginArray("parse");
  json.EndArray();
  json.EndObject();
  json.BeginArray("embeds");
  for (size_t i = 0; i < std::min(notice.news.size(), kMostEmbeds); ++i) {
    const AlertNews& news = notice.news[i];
    json.BeginObject();
    json.Field("title", DiscordText(std::string(Name(news.kind)) + " · " + news.finding.rule, 60));
    json.Field("description", DiscordText(LineOf(news), 220));
    json.Field("color", ColourOf(news).discord);
    json.Field("timestamp", Time{notice.wall_ns});
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

std::string AlertmanagerBody(const std::vector<AlertNews>& news, const AlertmanagerFrame& frame) {
  JsonWriter json;
  const auto write = [&](const AlertNews& each, Status severity, uint64_t end_wall_ns) {
    const Finding& finding = each.finding;
    json.BeginObject();
    json.BeginObject("labels");
    json.Field("alertname", finding.rule);
    json.Field("app", frame.app);
    json.Field("component", finding.component);
    json.Field("severity", Name(severity));
    if (finding.slot) json.Field("worker", std::to_string(*finding.slot));
    json.EndObject();
    json.BeginObject("annotations");
    json.Field("summary", finding.message);
    json.Field("id", each.id);
    json.EndObject();
    json.Field("startsAt", Time{each.fired_wall_ns});
    json.Field("endsAt", Time{end_wall_ns});
    if (!frame.url.empty()) json.Field("generatorURL", frame.url);
    json.EndObject();
  };
  json.BeginArray();
  for (const AlertNews& each : news) {
    const Status severity = each.finding.severity;
    write(each, severity, each.resolved_wall_ns != 0 ? each.resolved_wall_ns : frame.until_wall_ns);
    // Another severity is another alert there: the one before ends.
    if (each.kind == NewsKind::kSeverity) {
      write(each, severity == Status::kCritical ? Status::kWarning : Status::kCritical,
            frame.wall_ns);
    }
  }
  json.EndArray();
  return json.Take();
}

std::string MailText(const AlertNotice& notice, const SinkOptions& options, uint64_t dropped,
                     uint64_t wall_ns) {
  std::string to;
  for (const std::string& address : options.to) to += (to.empty() ? "" : ", ") + address;
  const size_t at = options.from.rfind('@');
  const std::string domain =
      at == std::string::npos ? "stirbar.invalid" : options.from.substr(at + 1);
  std::string body;
  for (const AlertNews& news : notice.news) {
    body += std::string(Name(news.kind)) + ", " + std::string(Name(news.finding.severity)) + ", " +
            news.finding.rule + " (" + news.finding.component + ")\r\n  " +
            CleanText(LineOf(news), 2000) + "\r\n  since " + Rfc3339(news.fired_wall_ns) +
            (news.resolved_wall_ns != 0 ? ", over at " + Rfc3339(news.resolved_wall_ns) : "") +
            "\r\n\r\n";
  }
  body += "Alerts of " + notice.group + " that fire now: " + std::to_string(notice.firing) + "\r\n";
  if (dropped > 0) body += DroppedText(dropped) + "\r\n";
  if (!notice.url.empty()) body += notice.url + "\r\n";
  std::string text;
  text += "From: " + options.from + "\r\nTo: " + to + "\r\n";
  text += "Subject: " + EncodedSubject(CleanText(HeadlineOf(notice), 200)) + "\r\n";
  text += "Date: " + MailDate(wall_ns) + "\r\n";
  // The same for each attempt, so that a mailbox can drop a second copy.
  text += "Message-ID: <" + notice.key + "@" + domain + ">\r\n";
  text += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  text += "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  return text + Wrapped(Base64(body));
}

std::string SignatureOf(std::string_view secret, uint64_t timestamp, std::string_view body) {
  return "sha256=" +
         Hexadecimal(HmacSha256(secret, std::to_string(timestamp) + "." + std::string(body)));
}

std::string Base64(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string encoded;
  for (size_t at = 0; at < text.size(); at += 3) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0U);
    }
    for (size_t i = 0; i < 4; ++i) {
      encoded += at + i > text.size() ? '=' : kLetters[bits >> (18U - 6U * i) & 63U];
    }
  }
  return encoded;
}

}  // namespace stirbar

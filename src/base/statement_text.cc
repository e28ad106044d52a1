#include "base/statement_text.h"

#include <cstdint>
#include <cstring>

namespace stirbar {
namespace {

bool IsBlank(char letter) {
  return letter == ' ' || (letter >= '\t' && letter <= '\r') || letter == '\0';
}
bool IsDigit(char letter) { return letter >= '0' && letter <= '9'; }
// Of a name or a number. Bytes of other than ASCII letters belong to names in every dialect.
bool IsWord(char letter) {
  return IsDigit(letter) || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         letter == '_' || static_cast<uint8_t>(letter) >= 0x80;
}
bool IsContinuation(char letter) { return (static_cast<uint8_t>(letter) & 0xC0U) == 0x80U; }

// Text of limited length, its blanks collapsed.
class Output {
 public:
  Output(char* out, size_t capacity) : out_(out), room_(capacity - 1) {}

  bool full() const { return full_; }
  void Blank() { blank_ = length_ > 0; }
  void Put(char letter) {
    if (blank_) Append(' ');
    blank_ = false;
    Append(letter);
  }
  void Put(std::string_view text) {
    for (const char letter : text) Put(letter);
  }
  size_t Finish() {
    if (full_) {
      size_t end = room_ - 3;
      while (end > 0 && IsContinuation(out_[end])) --end;
      std::memcpy(out_ + end, "...", 3);
      length_ = end + 3;
    }
    out_[length_] = '\0';
    return length_;
  }

 private:
  void Append(char letter) {
    if (length_ < room_) {
      out_[length_++] = letter;
    } else {
      full_ = true;
    }
  }

  char* out_;
  size_t room_;
  size_t length_ = 0;
  bool blank_ = false;
  bool full_ = false;
};

class Scanner {
 public:
  Scanner(std::string_view text, SqlDialect dialect, Output* output)
      : text_(text), mysql_(dialect == SqlDialect::kMySql), output_(output) {}

  void Run() {
    while (at_ < text_.size() && !output_->full()) Step();
  }

 private:
  char Ahead(size_t distance) const {
    return at_ + distance < text_.size() ? text_[at_ + distance] : '\0';
  }

  void Step() {
    const char letter = text_[at_];
    if (IsBlank(letter)) {
      output_->Blank();
      ++at_;
    } else if (letter == '\'' || (letter == '"' && mysql_)) {
      SkipQuoted(letter, mysql_);
      output_->Put('?');
    } else if (letter == '"' || letter == '`') {
      CopyName(letter);
    } else if ((letter == '-' && Ahead(1) == '-') || (letter == '#' && mysql_)) {
      SkipLine();
    } else if (letter == '/' && Ahead(1) == '*') {
      SkipComment();
    } else if (letter == '$' && !mysql_ && !IsDigit(Ahead(1)) && SkipDollarQuoted()) {
      output_->Put('?');
    } else if (letter == ':' || letter == '$' || letter == '@') {
      output_->Put(letter);
      ++at_;
      CopyWord();  // :1, $1, @p1
    } else if (IsDigit(letter) || (letter == '.' && IsDigit(Ahead(1)))) {
      SkipNumber();
      output_->Put('?');
    } else if (IsWord(letter)) {
      WordOrPrefixedString();
    } else {
      output_->Put(letter);
      ++at_;
    }
  }

  // To behind the closing quote; a doubled one is a part of the text.
  void SkipQuoted(char quote, bool backslash) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (backslash && text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == quote) {
        if (Ahead(1) != quote) {
          ++at_;
          return;
        }
        ++at_;
      }
    }
    at_ = text_.size();
  }

  // A quoted name, as it is; one without an end may be anything.
  void CopyName(char quote) {
    const size_t begin = at_;
    SkipQuoted(quote, false);
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name.size() > 1 && name.back() == quote) {
      output_->Put(name);
    } else {
      output_->Put('?');
    }
  }

  void SkipLine() {
    const size_t end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end;
  }

  // They nest in PostgreSQL. Elsewhere they do not: what then is dropped after an inner opening is
  // too much, never too little.
  void SkipComment() {
    size_t depth = 0;
    while (at_ < text_.size()) {
      if (text_[at_] == '/' && Ahead(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (text_[at_] == '*' && Ahead(1) == '/') {
        at_ += 2;
        if (--depth == 0) break;
      } else {
        ++at_;
      }
    }
    output_->Blank();
  }

  // $$...$$ or $tag$...$tag$. False: it is none.
  bool SkipDollarQuoted() {
    size_t tag_end = at_ + 1;
    while (tag_end < text_.size() && IsWord(text_[tag_end])) ++tag_end;
    if (tag_end >= text_.size() || text_[tag_end] != '$') return false;
    const std::string_view tag = text_.substr(at_, tag_end + 1 - at_);
    const size_t end = text_.find(tag, tag_end + 1);
    at_ = end == std::string_view::npos ? text_.size() : end + tag.size();
    return true;
  }

  // 12, 1.5e-3, 0xFF, 1_000.
  void SkipNumber() {
    for (; at_ < text_.size(); ++at_) {
      const char letter = text_[at_];
      const bool sign = letter == '+' || letter == '-';
      const bool exponent = sign && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      if (!IsWord(letter) && letter != '.' && !exponent) return;
    }
  }

  void CopyWord() {
    for (; at_ < text_.size() && IsWord(text_[at_]); ++at_) output_->Put(text_[at_]);
  }

  // A name, or the letters before a string: N'...', E'...', x'...', _utf8'...'.
  void WordOrPrefixedString() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsWord(text_[at_])) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (at_ < text_.size() && text_[at_] == '\'') {
      const bool escapes = word == "e" || word == "E";
      SkipQuoted('\'', mysql_ || escapes);
      output_->Put('?');
    } else {
      output_->Put(word);
    }
  }

  std::string_view text_;
  bool mysql_;
  Output* output_;
  size_t at_ = 0;
};

}  // namespace

size_t ShowStatement(std::string_view statement, SqlDialect dialect, char* out, size_t capacity) {
  Output output(out, capacity);
  Scanner(statement, dialect, &output).Run();
  return output.Finish();
}

}  // namespace stirbar

// SPDX-License-Identifier: Apache-2.0
#include "base/yaml_text.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace gatehouse {
namespace {

bool is_plain_char(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("_./-()+").find(c) != std::string_view::npos;
}

/// Words and numbers that YAML readers turn into something else than text.
bool reads_as_other_type(std::string_view text) {
  constexpr std::string_view kWords[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  if (std::any_of(std::begin(kWords), std::end(kWords),
                  [text](std::string_view word) { return equals_ignoring_case(word, text); }))
    return true;
  if (text.starts_with("0x") || text.starts_with("0o")) return true;
  const auto numeric = [](char c) { return is_digit(c) || c == '.' || c == '-' || c == '+' || c == 'e'; };
  return std::all_of(text.begin(), text.end(), numeric) && std::count(text.begin(), text.end(), '.') < 2;
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  const bool starts_plain =
      !text.empty() && (is_alpha(text.front()) || is_digit(text.front()) || text.front() == '/');
  // A colon is plain inside a word ("127.0.0.1:80"), since YAML wants a space after a key's colon.
  const auto plain = [](char c) { return is_plain_char(c) || c == ':'; };
  if (starts_plain && text.back() != ':' && std::all_of(text.begin(), text.end(), plain) &&
      !reads_as_other_type(text))
    return std::string(text);
  std::string quoted = "\"";
  append_json_escaped(quoted, text);
  quoted += '"';
  return quoted;
}

void YamlText::start_line() {
  const auto indent = depth_ * 2;
  if (!dash_pending_) {
    text_.append(indent, ' ');
    return;
  }
  text_.append(indent - 2, ' ').append("- ");
  dash_pending_ = false;
}

void YamlText::field(std::string_view name, std::string_view value) {
  start_line();
  text_.append(name).append(": ").append(yaml_scalar(value)).append("\n");
}

void YamlText::field(std::string_view name, std::int64_t value) {
  start_line();
  text_.append(name).append(": ").append(std::to_string(value)).append("\n");
}

void YamlText::list(std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  start_line();
  text_.append(name).append(": [");
  for (std::size_t i = 0; i < values.size(); ++i)
    text_.append(i == 0 ? "" : ", ").append(yaml_scalar(values[i]));
  text_.append("]\n");
}

void YamlText::open(std::string_view name) {
  start_line();
  text_.append(name).append(":\n");
  ++depth_;
}

void YamlText::close() {
  --depth_;
}

void YamlText::open_item() {
  ++depth_;
  dash_pending_ = true;
}

void YamlText::close_item() {
  if (dash_pending_) {  // an empty entry still needs its line
    start_line();
    text_.append("{}\n");
  }
  --depth_;
}

std::string YamlText::take() {
  depth_ = 0;
  dash_pending_ = false;
  return std::exchange(text_, {});
}

}  // namespace gatehouse

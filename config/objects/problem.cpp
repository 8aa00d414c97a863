// SPDX-License-Identifier: Apache-2.0
// One-line text of a Problem.
#include "config/objects/problem.h"

#include <fmt/format.h>

#include <string_view>

namespace gatehouse::objects {
namespace {

void append_printable(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
}

void append_part(std::string& line, std::string_view text) {
  if (text.empty()) return;
  append_printable(line, text);
  line += ": ";
}

}  // namespace

std::string to_line(const Problem& problem) {
  std::string line;
  append_part(line, problem.location);
  append_part(line, problem.severity == Severity::error ? "error" : "warning");
  append_part(line, problem.object);
  append_part(line, problem.field);
  append_printable(line, problem.reason);
  if (problem.fix.empty()) return line;
  line += "; ";
  append_printable(line, problem.fix);
  return line;
}

}  // namespace gatehouse::objects

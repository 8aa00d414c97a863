// SPDX-License-Identifier: Apache-2.0
// Rules every source file keeps: its licence line, no construct the compiler gets wrong, no word that does
// not belong.
#include <catch2/catch.hpp>
#include <cctype>

#include "tests/layering/source_tree.h"

namespace gatehouse::layering {
namespace {

/// The text with comments, string and character literals blanked out; offsets and line ends stay.
std::string code_only(std::string text) {
  enum class In { code, line_comment, block_comment, string, character } in = In::code;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const auto blank = [&] { text[i] = c == '\n' ? '\n' : ' '; };
    switch (in) {
      case In::code:
        if (c == '/' && next == '/') in = In::line_comment;
        if (c == '/' && next == '*') in = In::block_comment;
        if (c == '"') in = In::string;
        // 1'000 is a digit separator, not a literal.
        if (c == '\'' && (i == 0 || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0))
          in = In::character;
        if (in == In::line_comment || in == In::block_comment) blank();
        break;
      case In::line_comment:
        blank();
        if (c == '\n') in = In::code;
        break;
      case In::block_comment:
        blank();
        if (c == '*' && next == '/') {
          text[i + 1] = ' ';
          ++i;
          in = In::code;
        }
        break;
      case In::string:
      case In::character:
        if (c == '\\' && i + 1 < text.size()) {
          text[i] = text[i + 1] = ' ';
          ++i;
        } else if (c == (in == In::string ? '"' : '\'')) {
          in = In::code;
        } else {
          blank();
        }
        break;
    }
  }
  return text;
}

/// Offsets of co_await in statements that also build an aggregate in place, which g++ 12 destroys twice.
std::vector<std::size_t> braced_awaits(const std::string& source) {
  const std::string code = code_only(source);
  std::vector<std::size_t> found;
  for (auto at = code.find("co_await"); at != std::string::npos; at = code.find("co_await", at + 1)) {
    const auto before = code.find_last_of(';', at);
    const auto start = before == std::string::npos ? 0 : before + 1;
    std::string statement = code.substr(start, code.find(';', at) - start);
    std::erase_if(statement, [](unsigned char c) { return std::isspace(c) != 0; });
    const auto has = [&](std::string_view part) { return statement.find(part) != std::string::npos; };
    if (has("({") || has(",{") || has("{.")) found.push_back(at);
  }
  return found;
}

bool carries_licence_line(const SourceFile& file) {
  return file.is_cpp() || file.ends_with(".py") || file.ends_with(".sh") || file.ends_with(".cmake") ||
         file.ends_with("CMakeLists.txt") || file.path == "Makefile" || file.path == ".ci/run" ||
         (file.folder() == "scripts" && !file.ends_with(".txt"));
}

/// Words that tie the project to one machine or service, or that mark unfinished work. Each is written in two
/// pieces, so that this file does not contain it.
const std::vector<std::string>& unwelcome_words() {
  static const std::vector<std::pair<std::string, std::string>> kPieces{
      {"/wo", "rk/"},           {"/fa", "rm"},          {"../sha", "red"},
      {"deb.deb", "ian.org"},   {"py", "pi.org"},       {"registry.np", "mjs.org"},
      {"proxy.gol", "ang.org"}, {"sum.gol", "ang.org"}, {"crates", ".io/api"},
      {"repo.ma", "ven"},       {"TO", "DO"},           {"FIX", "ME"}};
  static const std::vector<std::string> kWords = [] {
    std::vector<std::string> words;
    for (const auto& [first, second] : kPieces) words.push_back(first + second);
    return words;
  }();
  return kWords;
}

}  // namespace

TEST_CASE("every source file begins with its licence line") {
  std::vector<std::string> findings;
  for (const auto& file : all_files()) {
    if (!carries_licence_line(file)) continue;
    if (file.text.substr(0, 120).find("SPDX-License-Identifier: Apache-2.0") == std::string::npos)
      findings.push_back(file.path + ":1: no SPDX licence line");
  }
  INFO(lines(findings));
  CHECK(findings.empty());
}

TEST_CASE("no co_await shares its statement with a braced aggregate") {
  std::vector<std::string> findings;
  for (const auto& file : all_files()) {
    if (!file.is_cpp() || file.path.starts_with("tests/layering/")) continue;
    for (const auto at : braced_awaits(file.text))
      findings.push_back(location(file, at) + ": bind the braced argument to a name first");
  }
  INFO(lines(findings));
  CHECK(findings.empty());
}

TEST_CASE("the co_await lint sees what it must and nothing else") {
  CHECK(braced_awaits("auto a = co_await f({1, 2});").size() == 1);
  CHECK(braced_awaits("co_await f(x,\n  {.a = 1});").size() == 1);
  CHECK(braced_awaits("co_return co_await f(Named{.a = 1});").size() == 1);
  CHECK(braced_awaits("g(Named{.a = 1}, co_await f());").size() == 1);
  CHECK(braced_awaits("const Named n{.a = 1}; co_await f(n);").empty());
  CHECK(braced_awaits("if (x) { co_await f(\"({\"); }  // co_await f({1})").empty());
  CHECK(braced_awaits("co_await f(1'000, '{', y);").empty());
}

TEST_CASE("no file names a machine, a package registry or unfinished work") {
  std::vector<std::string> findings;
  for (const auto& file : all_files()) {
    for (const auto& word : unwelcome_words()) {
      const auto at = file.text.find(word);
      if (at != std::string::npos) findings.push_back(location(file, at) + ": contains \"" + word + "\"");
    }
  }
  INFO(lines(findings));
  CHECK(findings.empty());
}

}  // namespace gatehouse::layering

// SPDX-License-Identifier: Apache-2.0
// What ARCHITECTURE.md names must exist: functions, Class::function in their file, and paths.
#include <catch2/catch.hpp>
#include <optional>
#include <regex>

#include "tests/layering/source_tree.h"
#include "tests/support/source_dir.h"

namespace gatehouse::layering {
namespace {

bool path_exists(const std::string& path) {
  const std::filesystem::path root = gatehouse::test::kSourceDir;
  for (const char* suffix : {"", ".h", ".cpp"}) {
    if (std::filesystem::exists(root / (path + suffix))) return true;
  }
  return false;
}

/// `name` as a whole word, called or defined: followed by '('.
bool has_function(const std::string& text, const std::string& name) {
  return std::regex_search(text, std::regex("\\b" + name + "\\s*\\("));
}

std::string last_part(const std::string& qualified) {
  const auto colon = qualified.rfind(':');
  return colon == std::string::npos ? qualified : qualified.substr(colon + 1);
}

bool function_exists_anywhere(const std::string& qualified) {
  return std::any_of(all_files().begin(), all_files().end(), [&](const auto& file) {
    return file.is_cpp() && !file.path.starts_with("tests/") && has_function(file.text, last_part(qualified));
  });
}

/// `file.cpp: Class::function`: the file by its path or its end, the function inside it.
std::optional<std::string> fault_of_located(const std::string& path, const std::string& function) {
  bool found_file = false;
  for (const auto& file : all_files()) {
    if (file.path != path && !file.ends_with("/" + path)) continue;
    found_file = true;
    if (has_function(file.text, last_part(function))) return std::nullopt;
  }
  return found_file ? path + " has no function " + function : "there is no file " + path;
}

/// What is wrong with one text in backticks; texts that name neither function nor path are nobody's business.
std::optional<std::string> fault_of(const std::string& token) {
  static const std::regex kLocated(R"(([\w./-]+\.(?:cpp|h)): ((?:\w+::)*\w+)(?:\(\))?)");
  static const std::regex kFunction(R"(((?:\w+::)*\w+)\(\))");
  static const std::regex kQualified(R"((?:\w+::)+\w+)");
  static const std::regex kPath(R"([\w.-]+(?:/[\w.-]+)+/?)");
  std::smatch part;
  if (std::regex_match(token, part, kLocated)) return fault_of_located(part[1], part[2]);
  if (std::regex_match(token, part, kFunction) && !function_exists_anywhere(part[1]))
    return "no source file has a function " + token;
  if (std::regex_match(token, kQualified) && !token.starts_with("std::") && !function_exists_anywhere(token))
    return "no source file has a function " + token;
  if (std::regex_match(token, kPath) && !path_exists(token)) return "there is no " + token;
  return std::nullopt;
}

}  // namespace

TEST_CASE("every function and path that ARCHITECTURE.md names exists") {
  const auto& files = all_files();
  const auto map =
      std::find_if(files.begin(), files.end(), [](const auto& f) { return f.path == "ARCHITECTURE.md"; });
  REQUIRE(map != files.end());

  static const std::regex kBackticks("`([^`\n]+)`");
  std::vector<std::string> findings;
  std::size_t seen = 0;
  for (std::sregex_iterator it(map->text.begin(), map->text.end(), kBackticks), last; it != last; ++it) {
    ++seen;
    if (const auto fault = fault_of((*it)[1]))
      findings.push_back(location(*map, static_cast<std::size_t>(it->position())) + ": " + *fault);
  }
  CHECK(seen > 0);
  INFO(lines(findings));
  CHECK(findings.empty());
}

TEST_CASE("a name that does not exist is found") {
  CHECK(fault_of("no_such_function()"));
  CHECK(fault_of("NoClass::no_such_function"));
  CHECK(fault_of("tests/layering/no_such_file.cpp"));
  CHECK(fault_of("base/text.cpp: no_such_function"));
  CHECK(fault_of("no_such_file.cpp: trim"));
  CHECK_FALSE(fault_of("base/text.cpp: trim"));
  CHECK_FALSE(fault_of("text.cpp: trim()"));
  CHECK_FALSE(fault_of("equals_ignoring_case()"));
  CHECK_FALSE(fault_of("tests/layering"));
  CHECK_FALSE(fault_of("--address-pool"));
  CHECK_FALSE(fault_of("/readyz?verbose"));
}

}  // namespace gatehouse::layering

// SPDX-License-Identifier: Apache-2.0
// Who may include whom, and which headers of others stay inside .cpp files.
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <regex>

#include "tests/layering/source_tree.h"

namespace gatehouse::layering {
namespace {

using Edges = std::map<std::string, std::set<std::string>>;

/// "May include" of ARCHITECTURE.md. A folder may always include itself; any edge not named here is a
/// failure.
const Edges& allowed_edges() {
  static const std::set<std::string> kBelowProxy{"proxy/http", "tls",     "routing",
                                                 "config/ir",  "base/io", "base"};
  static const auto kWith = [](std::set<std::string> more) {
    more.insert(kBelowProxy.begin(), kBelowProxy.end());
    return more;
  };
  static const std::set<std::string> kEverything{"gateway",          "gateway/admin",   "gateway/cli",
                                                 "controller",       "proxy",           "proxy/http",
                                                 "proxy/downstream", "proxy/exchange",  "proxy/filters",
                                                 "proxy/inference",  "proxy/upstream",  "proxy/l4",
                                                 "routing",          "routing/balance", "tls",
                                                 "config/ir",        "config/objects",  "config/translate",
                                                 "config/file",      "base/io",         "base"};
  static const Edges kEdges{
      {"base", {}},
      {"base/io", {"base"}},
      {"config/ir", {"base"}},
      {"config/objects", {"base"}},
      {"config/translate", {"config/ir", "config/objects", "base"}},
      {"config/translate/ingress", {"config/translate", "config/ir", "config/objects", "base"}},
      {"config/file", {"config/objects", "base"}},
      {"routing", {"routing/balance", "config/ir", "base"}},
      {"routing/balance", {"routing", "config/ir", "base"}},
      {"tls", {"config/ir", "base/io", "base"}},
      {"proxy/http", {"base"}},
      // A filter reaches the outside world through an interface it declares itself.
      {"proxy/filters", {"proxy/http", "routing", "config/ir", "base/io", "base"}},
      {"proxy", kWith({"proxy/filters"})},
      {"proxy/upstream", kWith({"proxy"})},
      {"proxy/inference", kWith({"proxy", "proxy/upstream"})},
      {"proxy/l4", kWith({"proxy", "proxy/upstream"})},
      {"proxy/exchange", kWith({"proxy", "proxy/filters", "proxy/inference", "proxy/upstream"})},
      {"proxy/downstream", kWith({"proxy", "proxy/exchange"})},
      {"controller", {"tls", "config/ir", "config/objects", "config/translate", "base/io", "base"}},
      {"gateway", kEverything},
      {"gateway/admin", kEverything},
      {"gateway/cli", kEverything},
  };
  return kEdges;
}

/// The code that is the product; tests and benchmarks may include anything.
bool is_product(const SourceFile& file) {
  static const std::set<std::string> kRoots{"base",  "config",     "routing", "tls",
                                            "proxy", "controller", "gateway"};
  return file.is_cpp() && kRoots.contains(file.path.substr(0, file.path.find('/')));
}

struct Include {
  std::string name;
  bool quoted = false;
  std::size_t offset = 0;
};

std::vector<Include> includes_of(const SourceFile& file) {
  static const std::regex kInclude(R"(^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"])", std::regex::multiline);
  std::vector<Include> found;
  for (std::sregex_iterator it(file.text.begin(), file.text.end(), kInclude), last; it != last; ++it) {
    found.push_back({(*it)[2], (*it)[1] == "\"", static_cast<std::size_t>(it->position())});
  }
  return found;
}

std::string joined(const std::set<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all.empty() ? "nothing" : all;
}

/// What is wrong with one include of `file`, or nothing.
std::optional<std::string> edge_fault(const SourceFile& file, const Include& include) {
  const std::string from = file.folder();
  const std::string to = SourceFile{include.name, {}}.folder();
  const auto row = allowed_edges().find(from);
  if (row == allowed_edges().end()) return "folder " + from + " has no row in the table of allowed edges";
  if (!include.quoted || from == to || row->second.contains(to)) return std::nullopt;
  return "includes \"" + include.name + "\"; " + from + " may include " + joined(row->second) +
         " (and itself)";
}

/// Libraries that stay behind our own headers, by how their includes begin.
bool is_fenced_library(const std::string& name) {
  static const std::vector<std::string> kFenced{"boost/beast", "boost/asio", "re2/",     "yaml-cpp/",
                                                "httplib.h",   "openssl/",   "nghttp2/", "spdlog/",
                                                "CLI/",        "ares"};
  return std::any_of(kFenced.begin(), kFenced.end(),
                     [&](const auto& prefix) { return name.starts_with(prefix); });
}

/// Headers that may show a library, each with its reason; only files of their own folder may include them.
/// An entry that is no longer needed fails too.
const std::map<std::string, std::string>& fence_exceptions() {
  static const std::map<std::string, std::string> kExceptions{
      {"config/file/tree_builder.h", "derives from yaml-cpp's event handler"},
  };
  return kExceptions;
}

SourceFile sample(std::string path, std::string text) {
  return {std::move(path), std::move(text)};
}

}  // namespace

TEST_CASE("a folder includes only what the architecture allows") {
  std::vector<std::string> findings;
  std::size_t seen = 0;
  for (const auto& file : all_files()) {
    if (!is_product(file)) continue;
    for (const auto& include : includes_of(file)) {
      ++seen;
      if (const auto fault = edge_fault(file, include))
        findings.push_back(location(file, include.offset) + ": " + *fault);
    }
  }
  CHECK(seen > 100);
  INFO(lines(findings));
  CHECK(findings.empty());
}

TEST_CASE("the table of edges has no cycle between folders of different roots") {
  const auto root = [](const std::string& folder) { return folder.substr(0, folder.find('/')); };
  for (const auto& [from, targets] : allowed_edges()) {
    for (const auto& to : targets) {
      if (root(from) == root(to) || !allowed_edges().contains(to)) continue;
      INFO(from << " and " << to << " may include each other");
      CHECK_FALSE(allowed_edges().at(to).contains(from));
    }
  }
}

TEST_CASE("a forbidden include is found and named") {
  const auto fault_of = [](const char* path, const char* text) {
    const auto file = sample(path, text);
    const auto includes = includes_of(file);
    REQUIRE(includes.size() == 1);
    return edge_fault(file, includes.front());
  };
  CHECK(fault_of("routing/x.cpp", "#include \"proxy/http/message.h\"\n"));
  CHECK(fault_of("config/file/x.h", "  # include \"config/ir/route.h\"\n"));
  CHECK(fault_of("proxy/http/x.cpp", "#include \"base/io/socket.h\"\n"));
  CHECK(fault_of("proxy/upstream/x.cpp", "#include \"proxy/exchange/exchange.h\"\n"));
  CHECK(fault_of("controller/x.cpp", "#include \"proxy/runtime.h\"\n"));
  CHECK(fault_of("proxy/newcomer/x.cpp", "#include <vector>\n"));
  CHECK_FALSE(fault_of("proxy/exchange/x.cpp", "#include \"proxy/upstream/pool.h\"\n"));
  CHECK_FALSE(fault_of("base/x.cpp", "#include \"base/x.h\"\n"));
}

TEST_CASE("libraries of others do not show through our headers") {
  std::vector<std::string> findings;
  std::set<std::string> used;
  for (const auto& file : all_files()) {
    if (!is_product(file) || !file.is_header()) continue;
    for (const auto& include : includes_of(file)) {
      if (!is_fenced_library(include.name)) continue;
      if (fence_exceptions().contains(file.path)) {
        used.insert(file.path);
      } else {
        findings.push_back(location(file, include.offset) + ": <" + include.name +
                           "> belongs into a .cpp file");
      }
    }
  }
  for (const auto& [path, reason] : fence_exceptions()) {
    if (!used.contains(path)) findings.push_back(path + " needs no exception any more: " + reason);
  }
  INFO(lines(findings));
  CHECK(findings.empty());
}

TEST_CASE("a header that shows a library is included by its own folder only") {
  std::vector<std::string> findings;
  for (const auto& file : all_files()) {
    if (!is_product(file)) continue;
    for (const auto& include : includes_of(file)) {
      if (fence_exceptions().contains(include.name) && file.folder() != SourceFile{include.name, {}}.folder())
        findings.push_back(location(file, include.offset) + ": " + include.name +
                           " is private to its folder");
    }
  }
  INFO(lines(findings));
  CHECK(findings.empty());
}

}  // namespace gatehouse::layering

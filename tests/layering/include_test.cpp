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

/// "May include" of ARCHITECTURE.md, written without cycles. A node is a folder, or one file of it that
/// stands higher than the rest (its path without extension). A node may include itself; any other edge is a
/// failure.
const Edges& allowed_edges() {
  static const auto kAnd = [](std::set<std::string> some, const std::set<std::string>& more) {
    some.insert(more.begin(), more.end());
    return some;
  };
  static const std::set<std::string> kBelowProxy{"proxy/http", "tls",     "routing", "routing/balance",
                                                 "config/ir",  "base/io", "base"};
  static const std::set<std::string> kBelowExchange = kAnd(
      {"proxy", "proxy/filters", "proxy/inference", "proxy/upstream", "proxy/worker_context"}, kBelowProxy);
  static const std::set<std::string> kBelowGateway =
      kAnd({"controller", "proxy/downstream", "proxy/exchange", "proxy/l4", "config/file", "config/translate",
            "config/objects", "routing/balance"},
           kBelowExchange);
  static const Edges kEdges{
      {"base", {}},
      {"base/io", {"base"}},
      {"config/ir", {"base"}},
      {"config/objects", {"base"}},
      {"config/translate", {"config/ir", "config/objects", "base"}},
      {"config/file", {"config/ir", "config/objects", "base"}},
      {"routing/balance", {"config/ir", "base"}},
      {"routing", {"routing/balance", "config/ir", "base"}},
      {"tls", {"config/ir", "base/io", "base"}},
      {"controller",
       {"tls", "config/ir", "config/objects", "config/translate", "config/file", "base/io", "base"}},
      {"proxy/http", {"base"}},
      // A filter reaches the outside world through an interface it declares itself.
      {"proxy/filters", {"proxy/http", "routing", "config/ir", "base/io", "base"}},
      {"proxy", kAnd({"proxy/filters"}, kBelowProxy)},
      {"proxy/upstream", kAnd({"proxy"}, kBelowProxy)},
      // What a worker lends to its exchanges: its runtime and its clusters.
      {"proxy/worker_context", kAnd({"proxy", "proxy/upstream"}, kBelowProxy)},
      {"proxy/inference", kAnd({"proxy", "proxy/upstream", "proxy/worker_context"}, kBelowProxy)},
      {"proxy/l4", kAnd({"proxy", "proxy/filters", "proxy/upstream", "proxy/worker_context"}, kBelowProxy)},
      {"proxy/exchange", kBelowExchange},
      {"proxy/downstream",
       kAnd({"proxy", "proxy/exchange", "proxy/l4", "proxy/worker_context"}, kBelowProxy)},
      {"gateway/admin", kBelowGateway},
      {"gateway", kAnd({"gateway/admin"}, kBelowGateway)},
      {"gateway/cli", kAnd({"gateway", "gateway/admin"}, kBelowGateway)},
      {"gateway/main", kAnd({"gateway", "gateway/admin", "gateway/cli"}, kBelowGateway)},
  };
  return kEdges;
}

/// The table's node for a file of ours: the file itself when it has a row, else its folder; the policies are
/// passes of translate, in a folder of their own.
std::string node_of(const std::string& path) {
  const std::string stem = path.substr(0, path.rfind('.'));
  if (allowed_edges().contains(stem)) return stem;
  const std::string folder = SourceFile{path, {}}.folder();
  return folder == "config/translate/policies" ? "config/translate" : folder;
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
  const std::string from = node_of(file.path);
  const std::string to = node_of(include.name);
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
      {"gateway/cli/echo_answers.h", "the demo backend is written on Beast, and is split into several files"},
      {"gateway/cli/echo_session.h", "the demo backend is written on Beast, and is split into several files"},
      {"gateway/cli/echo_web_socket.h",
       "the demo backend is written on Beast, and is split into several files"},
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

TEST_CASE("the table of edges has no cycle") {
  // Take away nodes that include nothing that is left; what cannot be taken away is a cycle.
  Edges left = allowed_edges();
  for (bool removed = true; removed;) {
    removed = std::erase_if(left, [&](const auto& row) {
                return std::none_of(row.second.begin(), row.second.end(),
                                    [&](const auto& to) { return left.contains(to); });
              }) > 0;
  }
  std::set<std::string> in_a_cycle;
  for (const auto& [node, targets] : left) in_a_cycle.insert(node);
  INFO("in a cycle, or above one: " << joined(in_a_cycle));
  CHECK(left.empty());
}

TEST_CASE("a forbidden include is found and named") {
  const auto fault_of = [](const char* path, const char* text) {
    const auto file = sample(path, text);
    const auto includes = includes_of(file);
    REQUIRE(includes.size() == 1);
    return edge_fault(file, includes.front());
  };
  CHECK(fault_of("routing/x.cpp", "#include \"proxy/http/message.h\"\n"));
  CHECK(fault_of("config/file/x.h", "  # include \"config/translate/translate.h\"\n"));
  CHECK(fault_of("proxy/http/x.cpp", "#include \"base/io/socket.h\"\n"));
  CHECK(fault_of("proxy/upstream/x.cpp", "#include \"proxy/exchange/exchange.h\"\n"));
  CHECK(fault_of("proxy/stream.h", "#include \"proxy/worker_context.h\"\n"));
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

// SPDX-License-Identifier: Apache-2.0
// The documents say what the program does: their YAML loads, their tables are complete, their links lead
// somewhere. GATEHOUSE_UPDATE_DOCS=1 rewrites the generated part of docs/settings.md.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>

#include "config/file/settings.h"
#include "gateway/cli/commands.h"
#include "gateway/cluster_figures.h"
#include "proxy/access_log_format.h"
#include "proxy/exchange/local_reply.h"
#include "proxy/probes.h"
#include "tests/config/temp_folder.h"
#include "tests/examples/loaded_text.h"
#include "tests/examples/markdown.h"
#include "tests/support/source_dir.h"

namespace gatehouse {
namespace {

constexpr std::string_view kHowTo = "docs/how-to/";

/// Columns `key` and `value` of the rows whose key is one code span.
std::map<std::string, std::string> table_of(const std::string& path, std::size_t key, std::size_t value) {
  std::map<std::string, std::string> table;
  for (const auto& cells : test::rows_of(test::read_document(path))) {
    if (cells.size() <= std::max(key, value)) continue;
    if (const auto name = test::code_of(cells[key]); !name.empty()) table.emplace(name, cells[value]);
  }
  return table;
}

std::vector<std::string> matches_of(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), last; at != last; ++at)
    found.push_back((*at)[1]);
  return found;
}

std::set<std::string> replies_of_the_program() {
  using proxy::LocalReply;
  std::set<std::string> replies;
  const auto add = [&](const LocalReply& reply) {
    replies.insert(std::to_string(reply.status) + " " + std::string(reply.reason));
  };
  for (const auto& reply : {LocalReply::no_listener(), LocalReply::no_route(), LocalReply::invalid_backend(),
                            LocalReply::no_backend(), LocalReply::body_too_large(), LocalReply::loop(),
                            LocalReply::misdirected()})
    add(reply);
  for (auto fault = 0; fault <= static_cast<int>(Fault::internal); ++fault)
    for (const auto side : {Side::downstream, Side::upstream, Side::internal})
      for (const auto retry : {Retry::never, Retry::safe})
        add(LocalReply::from(Error{static_cast<Fault>(fault), side, retry, "detail"}));
  return replies;
}

}  // namespace

TEST_CASE("every YAML block of the documents loads without problems") {
  int blocks = 0;
  for (const auto& document : test::all_documents()) {
    for (const auto& fence : test::fences_of(document)) {
      if (fence.info != "yaml" || document.path.starts_with(kHowTo)) continue;
      ++blocks;
      INFO(fence.place);
      const test::TempFolder folder;
      folder.write("block.yaml", fence.text);
      test::check_all_accepted(test::load_without_problems(folder.path("block.yaml")));
    }
  }
  CHECK(blocks >= 2);
}

TEST_CASE("every YAML block of the how-to pages loads beside the objects that their index names") {
  std::string prelude;
  for (const auto& fence : test::fences_of(test::read_document("docs/how-to/README.md")))
    if (fence.info == "yaml prelude") prelude += fence.text + "---\n";
  REQUIRE_FALSE(prelude.empty());
  int blocks = 0;
  for (const auto& document : test::all_documents()) {
    if (!document.path.starts_with(kHowTo)) continue;
    for (const auto& fence : test::fences_of(document)) {
      if (fence.info != "yaml") continue;
      ++blocks;
      INFO(fence.place);
      const test::TempFolder folder;
      folder.write("block.yaml", prelude + fence.text);
      test::check_all_accepted(test::load_without_problems(folder.path("block.yaml")));
    }
  }
  CHECK(blocks >= 15);
}

TEST_CASE("every how-to page stands in the index") {
  const auto index = test::read_document("docs/how-to/README.md").text;
  for (const auto& document : test::all_documents()) {
    if (!document.path.starts_with(kHowTo)) continue;
    const auto name = std::filesystem::path(document.path).filename().string();
    INFO(document.path);
    CHECK((name == "README.md" || index.find("](" + name + ")") != std::string::npos));
  }
}

TEST_CASE("every block of settings in the documents is understood") {
  int blocks = 0;
  for (const auto& document : test::all_documents()) {
    for (const auto& fence : test::fences_of(document)) {
      if (fence.info != "yaml settings") continue;
      ++blocks;
      INFO(fence.place);
      const test::TempFolder folder;
      folder.write("settings.yaml", fence.text);
      const auto parsed = file::parse_settings({{"--settings", folder.path("settings.yaml")}, {}});
      for (const auto& error : parsed.errors) FAIL_CHECK(error);
    }
  }
  CHECK(blocks >= 1);
}

TEST_CASE("docs/settings.md holds the generated reference") {
  constexpr const char* kMark = "test_examples -->\n";
  const auto document = test::read_document("docs/settings.md");
  const auto mark = document.text.find(kMark);
  REQUIRE(mark != std::string::npos);
  const auto intro = document.text.substr(0, mark + std::string(kMark).size());
  if (std::getenv("GATEHOUSE_UPDATE_DOCS"))
    std::ofstream(std::string(gatehouse::test::kSourceDir) + "/docs/settings.md", std::ios::binary)
        << intro << file::settings_reference();
  CHECK(test::read_document("docs/settings.md").text == intro + file::settings_reference());
}

TEST_CASE("docs/operations.md holds the generated table of commands") {
  CHECK(test::read_document("docs/operations.md").text.find("\n" + gateway::commands_reference()) !=
        std::string::npos);
}

TEST_CASE("every flag that the documents name exists") {
  std::set<std::string> known{"--settings",
                              "--help",  // of run
                              "--quick",
                              "--only",
                              "--rows",
                              "--rounds",
                              "--seconds",      // of make bench
                              "--percent",      // of make bench-cluster
                              "--run",          // of make scenarios
                              "--seed",         // of make admission
                              "--replicas",     // of make cluster
                              "--server-side",  // of kubectl
                              "--retry",
                              "--retry-connrefused",
                              "--retry-delay",
                              "--cacert",
                              "--cert",
                              "--key",
                              "--connect-to",
                              "--http2",
                              "--http2-prior-knowledge"};  // of curl
  for (const auto& command : gateway::command_table())
    for (const auto& flag : command.flags) known.insert("--" + std::string(flag.name));
  for (const auto& flag : matches_of(file::settings_help(), "(--[a-z][a-z0-9-]+)")) known.insert(flag);
  for (const auto& document : test::all_documents())
    for (const auto& flag : matches_of(document.text, "(?:^|[^-a-z])(--[a-z][a-z0-9-]+)")) {
      INFO(document.path << ": " << flag);
      CHECK(known.contains(flag));
    }
}

TEST_CASE("the timeouts in docs/http.md have the defaults of the settings") {
  std::map<std::string, std::string> defaults;
  for (const auto& cells : test::rows_of({"", file::settings_reference()}))
    if (cells.size() > 2) defaults[test::code_of(cells[0]).substr(0, cells[0].find(' ') - 1)] = cells[2];
  int rows = 0;
  for (const auto& [flag, text] : table_of("docs/http.md", 1, 2)) {
    if (!flag.starts_with("--")) continue;
    ++rows;
    INFO(flag);
    REQUIRE(defaults.contains(flag));
    CHECK(text.starts_with(test::code_of(defaults[flag])));
  }
  CHECK(rows >= 8);
}

TEST_CASE("docs/http.md lists exactly the answers that the gateway gives itself") {
  std::set<std::string> listed;
  for (const auto& cells : test::rows_of(test::read_document("docs/http.md")))
    if (cells.size() > 2 && !test::code_of(cells[1]).empty() && cells[0].size() == 3)
      listed.insert(cells[0] + " " + test::code_of(cells[1]));
  CHECK(listed == replies_of_the_program());
}

TEST_CASE("docs/operations.md lists exactly the metrics of /metrics, with their types") {
  proxy::Probes probes(1);
  const auto cluster = probes.lease_cluster("Service/default/web/80");
  const auto l4_route = probes.lease_l4_route("TCPRoute/default/raw");
  std::map<std::string, std::string> rendered;
  const controller::StatusWriterCounters statuses;
  gateway::ClusterFigures figures;
  figures.statuses = &statuses;
  const auto text = probes.render() + gateway::metrics_text(figures);
  const std::regex type("# TYPE ([a-z0-9_]+) ([a-z]+)");
  for (std::sregex_iterator at(text.begin(), text.end(), type), last; at != last; ++at)
    rendered.emplace((*at)[1], (*at)[2]);
  CHECK(rendered.size() >= 20);

  std::map<std::string, std::string> listed;
  for (const auto& [name, kind] : table_of("docs/operations.md", 0, 1))
    if (name.starts_with("gatehouse_")) listed.emplace(name, kind);
  CHECK(listed == rendered);
}

TEST_CASE("docs/operations.md lists exactly the variables of the access log") {
  std::set<std::string> known;
  for (const auto& name : matches_of(proxy::AccessLogFormat::variables(), "(\\$[a-z_]+)")) known.insert(name);
  std::set<std::string> listed;
  std::array<char, proxy::AccessLogFormat::kMaxLine> buffer;
  const std::string json(proxy::AccessLogFormat::json().write({}, buffer));
  for (const auto& [name, in_json] : table_of("docs/operations.md", 0, 1)) {
    if (!name.starts_with("$")) continue;
    listed.insert(name);
    INFO(name);
    CHECK((in_json == "yes") == (json.find("\"" + name.substr(1) + "\":") != std::string::npos));
  }
  CHECK(listed == known);
}

TEST_CASE("docs/reference/status.md has every condition of the goldens, and no reason that nothing gives") {
  std::set<std::string> listed;
  std::set<std::string> reasons;
  for (const auto& cells : test::rows_of(test::read_document("docs/reference/status.md"))) {
    if (cells.size() < 3 || test::code_of(cells[0]).empty()) continue;
    reasons.insert(test::code_of(cells[2]));
    for (const auto* status : {"True", "False", "Unknown"})
      if (cells[1].find(status) != std::string::npos)
        listed.insert(test::code_of(cells[0]) + " " + status + " " + test::code_of(cells[2]));
  }
  CHECK(listed.size() >= 30);
  const std::regex condition("type: (\\w+)\\n +status: \"?(\\w+)\"?\\n +reason: (\\w+)\\n");
  for (const auto& path : test::files_below("tests/golden", ".status.yaml")) {
    const auto text = test::read_document(path).text;
    for (std::sregex_iterator at(text.begin(), text.end(), condition), last; at != last; ++at) {
      const auto given = (*at)[1].str() + " " + (*at)[2].str() + " " + (*at)[3].str();
      INFO(path << ": " << given);
      CHECK(listed.contains(given));
    }
  }
  std::string code;
  for (const auto& path : test::files_below("config/translate", ".cpp"))
    code += test::read_document(path).text;
  for (const auto& reason : reasons) {
    INFO(reason);
    CHECK(code.find("\"" + reason + "\"") != std::string::npos);
  }
}

TEST_CASE("every link from a document to a file of ours leads somewhere") {
  int links = 0;
  for (const auto& document : test::all_documents()) {
    const auto folder = std::filesystem::path(gatehouse::test::kSourceDir) / document.path;
    for (const auto& target : matches_of(document.text, "\\]\\(([^)#:]+)[)#]")) {
      ++links;
      INFO(document.path << " -> " << target);
      CHECK(std::filesystem::exists(folder.parent_path() / target));
    }
  }
  CHECK(links >= 10);
}

}  // namespace gatehouse

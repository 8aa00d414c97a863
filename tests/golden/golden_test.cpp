// SPDX-License-Identifier: Apache-2.0
// Every NAME.in.yaml is translated and compared with NAME.ir.yaml and NAME.status.yaml; the name is the rule.
// GATEHOUSE_UPDATE_GOLDENS=1 rewrites them. Lines "# option NAME VALUE" of the input set translate's options.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "config/translate/draft.h"
#include "tests/support/snapshot_from_yaml.h"
#include "tests/support/source_dir.h"

namespace gatehouse {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMinimumCases = 120;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void set_port_map(translate::Options& options, const std::string& value) {
  const auto equals = value.find('=');
  const auto from = parse_decimal(value.substr(0, equals));
  const auto to = parse_decimal(value.substr(equals + 1));
  REQUIRE(from);
  REQUIRE(to);
  options.port_map[static_cast<std::uint16_t>(*from)] = static_cast<std::uint16_t>(*to);
}

translate::AddressMode mode_of(const std::string& name) {
  if (name == "merged") return translate::AddressMode::merged;
  if (name == "shared") return translate::AddressMode::shared;
  if (name == "dedicated") return translate::AddressMode::dedicated;
  REQUIRE(name == "pool");
  return translate::AddressMode::pool;
}

/// False when `name` is no option of a cluster.
bool set_cluster_option(translate::Options& options, const std::string& name, const std::string& value) {
  if (name == "address_mode")
    options.address_mode = mode_of(value);
  else if (name == "gateway_service")
    options.gateway_service = value;
  else if (name == "own_namespace")
    options.own_namespace = value;
  else if (name == "only_gateway")
    options.only_gateway = value;
  else if (name == "own_address")
    options.own_addresses.push_back(SocketAddress::parse(value).value());
  else if (name == "in_cluster")
    options.in_cluster = true;
  else
    return false;
  return true;
}

void set_option(translate::Options& options, const std::string& name, const std::string& value) {
  if (set_cluster_option(options, name, value)) return;
  if (name == "controller_name") return options.controller_names.push_back(value);
  if (name == "bind") return options.bind_override.push_back(IpAddress::parse(value).value());
  if (name == "zone") {
    options.zone = value;
    return;
  }
  if (name == "port_map") return set_port_map(options, value);
  REQUIRE(name == "address_pool");
  options.address_pool.clear();
  if (value != "none") options.address_pool.push_back(Cidr::parse(value).value());
}

translate::Options options_of(const std::string& text) {
  translate::Options options;
  options.address_pool = {Cidr::parse("127.0.0.1").value()};
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, option, name, value;
    if (words >> hash >> option >> name >> value && hash == "#" && option == "option")
      set_option(options, name, value);
  }
  return options;
}

struct GoldenCase {
  std::string name;
  fs::path stem;  ///< without ".in.yaml"
  objects::Snapshot snapshot;
  translate::Options options;
};

std::vector<GoldenCase> load_cases() {
  const fs::path root = fs::path(gatehouse::test::kSourceDir) / "tests/golden";
  const std::string suffix = ".in.yaml";
  std::vector<GoldenCase> cases;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto path = entry.path().string();
    if (!path.ends_with(suffix)) continue;
    const auto stem = path.substr(0, path.size() - suffix.size());
    const auto text = read_file(path);
    INFO(path);
    cases.push_back(
        {stem.substr(root.string().size() + 1), stem, test::snapshot_from_yaml(text), options_of(text)});
  }
  std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return cases;
}

struct GoldenText {
  std::string ir;
  std::string status;
  bool operator==(const GoldenText&) const = default;
};

/// The list of features is the same for every class of ours: one folder shows it.
bool shows_features(const std::string& name) {
  return name.starts_with("gateway_class/");
}

GoldenText text_of(const GoldenCase& golden, translate::Translation translation) {
  if (!shows_features(golden.name))
    for (auto& [name, status] : translation.statuses.gateway_classes) status.supported_features.clear();
  GoldenText text{ir::dump(*translation.config), objects::dump(translation.statuses)};
  for (const auto& warning : translation.warnings) text.status += "# " + objects::to_line(warning) + "\n";
  return text;
}

void compare_or_update(const fs::path& path, const std::string& actual) {
  if (std::getenv("GATEHOUSE_UPDATE_GOLDENS")) std::ofstream(path, std::ios::binary) << actual;
  INFO(path.string());
  CHECK(read_file(path) == actual);
}

}  // namespace

TEST_CASE("every golden input translates to its golden configuration and statuses") {
  const auto cases = load_cases();
  REQUIRE(cases.size() >= kMinimumCases);
  for (const auto& golden : cases) {
    const auto text = text_of(golden, translate::translate(golden.snapshot, golden.options, nullptr));
    compare_or_update(golden.stem.string() + ".ir.yaml", text.ir);
    compare_or_update(golden.stem.string() + ".status.yaml", text.status);
  }
}

TEST_CASE("no golden output is left without its input") {
  std::set<std::string> expected;
  for (const auto& golden : load_cases()) {
    expected.insert(golden.stem.string() + ".ir.yaml");
    expected.insert(golden.stem.string() + ".status.yaml");
    expected.insert(golden.stem.string() + ".in.yaml");
  }
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(gatehouse::test::kSourceDir) / "tests/golden")) {
    INFO(entry.path());
    if (entry.path().extension() == ".yaml") CHECK(expected.contains(entry.path().string()));
  }
}

TEST_CASE("without any one of its passes translate fails a golden") {
  const auto cases = load_cases();
  const auto all = translate::translate_passes();
  for (std::size_t left_out = 0; left_out < all.size(); ++left_out) {
    std::vector<translate::Pass> passes(all.begin(), all.end());
    passes.erase(passes.begin() + static_cast<std::ptrdiff_t>(left_out));
    const auto differs = [&passes](const GoldenCase& golden) {
      const auto text =
          text_of(golden, translate::run_passes(passes, golden.snapshot, golden.options, nullptr));
      return text.ir != read_file(golden.stem.string() + ".ir.yaml") ||
             text.status != read_file(golden.stem.string() + ".status.yaml");
    };
    INFO("without pass " << all[left_out].name);
    CHECK(std::any_of(cases.begin(), cases.end(), differs));
  }
}

TEST_CASE("translating twice with a memo gives the same texts as without") {
  for (const auto& golden : load_cases()) {
    const auto memo = translate::make_memo();
    const auto first = translate::translate(golden.snapshot, golden.options, memo.get());
    const auto second = translate::translate(golden.snapshot, golden.options, memo.get());
    INFO(golden.name);
    CHECK(text_of(golden, first) ==
          text_of(golden, translate::translate(golden.snapshot, golden.options, nullptr)));
    CHECK(text_of(golden, first) == text_of(golden, second));
    CHECK(first.config == second.config);
  }
}

}  // namespace gatehouse

// SPDX-License-Identifier: Apache-2.0
// `gatehouse validate`: the same path as `run`, up to the statuses, without opening a socket.
#include <fmt/format.h>

#include <algorithm>

#include "config/file/file_source.h"
#include "config/file/settings.h"
#include "gateway/cli/cli.h"
#include "gateway/options.h"
#include "gateway/warnings.h"

namespace gatehouse::gateway {
namespace {

constexpr std::string_view kUsage =
    "usage: gatehouse validate -f FILE|FOLDER [-f ...] [OPTIONS of gatehouse run]\n"
    "\n"
    "Prints what is wrong with the files, then the status every object would get, as YAML.\n"
    "Listeners count as bound. Exit code: 0 good, 1 problems, 2 a file cannot be read.\n";

bool is_bad(const objects::Condition& condition) {
  return condition.type == "Conflicted" ? condition.status == "True" : condition.status == "False";
}

bool any_bad(const std::vector<objects::Condition>& conditions) {
  return std::any_of(conditions.begin(), conditions.end(), is_bad);
}

bool has_problem(const objects::Statuses& statuses) {
  for (const auto& [name, status] : statuses.gateway_classes)
    if (any_bad(status.conditions)) return true;
  for (const auto& [name, status] : statuses.gateways) {
    if (any_bad(status.conditions)) return true;
    for (const auto& listener : status.listeners)
      if (any_bad(listener.conditions)) return true;
  }
  for (const auto& [name, status] : statuses.http_routes)
    for (const auto& parent : status.parents)
      if (any_bad(parent.conditions)) return true;
  return false;
}

/// As if every listener could be bound: validate opens none.
std::vector<translate::BindOutcome> all_bound(const ir::Config& config) {
  std::vector<translate::BindOutcome> outcomes;
  for (const auto& listener : config.listeners)
    for (const auto& address : listener->binds) outcomes.push_back({address, {}});
  return outcomes;
}

}  // namespace

int run_validate(const std::vector<std::string>& arguments) {
  const auto parsed = file::parse_settings({arguments, {}});
  if (parsed.help_wanted) {
    fmt::print("{}", kUsage);
    return 0;
  }
  for (const auto& error : parsed.errors) fmt::print(stderr, "gatehouse validate: {}\n", error);
  if (!parsed.errors.empty()) return 2;
  if (parsed.settings.files.empty()) {
    fmt::print(stderr, "gatehouse validate: give at least one file or folder with -f\n");
    return 2;
  }

  objects::ObjectStore store;
  file::FileSource source(parsed.settings.files, store);
  const auto report = source.load();
  bool bad = false;
  for (const auto& problem : report.problems) {
    fmt::print(stderr, "{}\n", objects::to_line(problem));
    bad |= problem.severity == objects::Severity::error;
  }
  if (report.unreadable) return 2;

  const auto options = translate_options(parsed.settings);
  const auto translation = translate::translate(store.snapshot(), options, nullptr);
  for (const auto& warning : warnings_of(store.snapshot(), translation, options))
    fmt::print(stderr, "{}\n", objects::to_line(warning));
  const auto statuses = translate::merge_bind_outcomes(translation, all_bound(*translation.config));
  fmt::print("{}", objects::dump(statuses));
  return bad || has_problem(statuses) ? 1 : 0;
}

}  // namespace gatehouse::gateway

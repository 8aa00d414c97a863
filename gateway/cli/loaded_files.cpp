// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/loaded_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/file/file_source.h"
#include "gateway/options.h"
#include "gateway/warnings.h"

namespace gatehouse::gateway {
namespace {

std::vector<translate::BindOutcome> all_bound(const ir::Config& config) {
  std::vector<translate::BindOutcome> outcomes;
  for (const auto& listener : config.listeners)
    for (const auto& address : listener->binds)
      outcomes.push_back({address, {}, ir::transport_of(*listener)});
  return outcomes;
}

}  // namespace

bool LoadedFiles::has_error() const {
  const auto is_error = [](const objects::Problem& problem) {
    return problem.severity == objects::Severity::error;
  };
  return unreadable || std::any_of(problems.begin(), problems.end(), is_error) ||
         std::any_of(warnings.begin(), warnings.end(), is_error);
}

LoadedFiles load_files(const std::vector<std::string>& paths, const file::Settings& settings) {
  LoadedFiles loaded;
  objects::ObjectStore store;
  file::FileSource source(paths, store);
  auto report = source.load();
  loaded.problems = std::move(report.problems);
  loaded.unreadable = report.unreadable;
  loaded.snapshot = store.snapshot();
  const auto options = translate_options(settings);
  loaded.translation = translate::translate(loaded.snapshot, options, nullptr);
  loaded.warnings = warnings_of(loaded.snapshot, loaded.translation, options);
  loaded.statuses = translate::merge_bind_outcomes(loaded.translation, all_bound(*loaded.translation.config));
  return loaded;
}

void print_problems(const LoadedFiles& loaded) {
  for (const auto* list : {&loaded.problems, &loaded.warnings})
    for (const auto& problem : *list) fmt::print(stderr, "{}\n", objects::to_line(problem));
}

CommandStart start_command(std::string_view name, const std::vector<std::string>& arguments) {
  const Command& command = *find_command(name);
  CommandStart start{split_arguments(command, arguments), {}, -1};
  if (start.arguments.help_wanted) {
    fmt::print("{}", help_of(command));
    start.exit_code = 0;
    return start;
  }
  auto parsed = file::parse_settings({start.arguments.settings, {}});
  auto errors = start.arguments.errors;
  errors.insert(errors.end(), parsed.errors.begin(), parsed.errors.end());
  if (command.operands.empty())
    for (const auto& operand : start.arguments.operands) errors.push_back(operand + ": unexpected argument");
  if (!errors.empty()) start.exit_code = refuse_arguments(name, errors);
  start.settings = std::move(parsed.settings);
  return start;
}

}  // namespace gatehouse::gateway

// SPDX-License-Identifier: Apache-2.0
// `gatehouse diff`: what a change of files would change in what is served, in words.
#include <fmt/format.h>

#include "base/yaml_text.h"
#include "config/ir/diff.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/loaded_files.h"
#include "gateway/cli/output.h"

namespace gatehouse::gateway {
namespace {

struct Sides {
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::string error;
};

/// -f OLD -f NEW, or --old and --new; never both.
Sides sides_of(const Arguments& arguments, const file::Settings& settings) {
  Sides sides{arguments.values("old"), arguments.values("new"), {}};
  const bool named = !sides.before.empty() || !sides.after.empty();
  if (named) {
    if (!settings.files.empty()) sides.error = "give either -f twice or --old and --new";
    if (sides.before.empty() || sides.after.empty()) sides.error = "--old and --new go together";
    return sides;
  }
  if (settings.files.size() != 2) {
    sides.error = "give two files or folders: -f OLD -f NEW";
    return sides;
  }
  return {{settings.files[0]}, {settings.files[1]}, {}};
}

std::string document_of(const std::vector<ir::Change>& changes) {
  YamlText out;
  out.field("equal", changes.empty() ? "yes" : "no");
  if (changes.empty()) return out.take();
  out.open("changes");
  for (const auto& change : changes) {
    out.open_item();
    out.field("kind", name_of(change.kind));
    out.field("name", change.name);
    out.field("action", name_of(change.action));
    out.list("details", change.details);
    out.close_item();
  }
  out.close();
  return out.take();
}

char sign_of(ir::Change::Action action) {
  switch (action) {
    case ir::Change::Action::added:
      return '+';
    case ir::Change::Action::removed:
      return '-';
    case ir::Change::Action::changed:
      break;
  }
  return '~';
}

void print_text(const std::vector<ir::Change>& changes) {
  for (const auto& change : changes) {
    fmt::print("{} {} {}\n", sign_of(change.action), name_of(change.kind), change.name);
    for (const auto& detail : change.details) fmt::print("    {}\n", detail);
  }
  if (changes.empty()) fmt::print("nothing changes in what is served\n");
}

}  // namespace

int run_diff(const std::vector<std::string>& arguments) {
  const auto start = start_command("diff", arguments);
  if (start.exit_code >= 0) return start.exit_code;
  const auto sides = sides_of(start.arguments, start.settings);
  if (!sides.error.empty()) return refuse_arguments("diff", {sides.error});

  const auto before = load_files(sides.before, start.settings);
  const auto after = load_files(sides.after, start.settings);
  print_problems(before);
  print_problems(after);
  if (before.unreadable || after.unreadable) return 2;
  const auto changes = ir::changes(*before.translation.config, *after.translation.config);
  const auto format = start.arguments.value("output", "text");
  if (format == "text")
    print_text(changes);
  else
    print_document(format, document_of(changes));
  return changes.empty() ? 0 : 1;
}

}  // namespace gatehouse::gateway

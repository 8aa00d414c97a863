// SPDX-License-Identifier: Apache-2.0
// `gatehouse validate`: the same path as `run`, up to the statuses, without opening a socket.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/yaml_text.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/loaded_files.h"
#include "gateway/cli/output.h"

namespace gatehouse::gateway {
namespace {

using nlohmann::json;

bool is_bad(const json& condition) {
  const auto type = condition.value("type", "");
  const auto status = condition.value("status", "");
  // These say that something is wrong when they are true.
  const bool is_complaint = type == "Conflicted" || type == "PartiallyInvalid";
  return is_complaint ? status == "True" : status == "False";
}

/// Counts and prints what stands in a tree of statuses, whatever kinds there are.
class StatusReport {
 public:
  enum class Print : bool { no, yes };
  explicit StatusReport(Print print) : print_(print == Print::yes) {}

  void add(const json& statuses) {
    for (const auto& [kind, objects] : statuses.items())
      for (const auto& [name, status] : objects.items()) add_object(kind + " " + name, status);
  }
  std::size_t objects() const { return objects_; }
  std::size_t bad_objects() const { return bad_objects_; }

 private:
  void add_object(const std::string& title, const json& status) {
    ++objects_;
    const auto bad = bad_conditions_;
    if (print_) fmt::print("{}\n", title);
    add_conditions(status, 2);
    for (const auto& [field, parts] : status.items()) {
      if (field == "conditions" || !parts.is_array()) continue;
      for (const auto& part : parts) add_part(field, part);
    }
    if (bad_conditions_ != bad) ++bad_objects_;
  }

  /// A listener, a parent of a route, an ancestor of a policy.
  void add_part(const std::string& field, const json& part) {
    if (!part.is_object() || !part.contains("conditions")) return;
    if (print_) fmt::print("  {}\n", title_of(field, part));
    add_conditions(part, 4);
  }

  static std::string title_of(const std::string& field, const json& part) {
    if (field == "listeners")
      return fmt::format("listener {}, {} attached", part.value("name", ""), part.value("attachedRoutes", 0));
    for (const auto* name : {"parentRef", "ancestorRef"}) {
      if (!part.contains(name)) continue;
      const auto& ref = part.at(name);
      auto title = fmt::format("at {} {}", ref.value("kind", ""), ref.value("name", ""));
      if (ref.contains("sectionName")) title += " section " + ref.value("sectionName", "");
      if (ref.contains("port")) title += fmt::format(" port {}", ref.value("port", 0));
      return title;
    }
    return field;
  }

  void add_conditions(const json& of, int indent) {
    if (!of.contains("conditions")) return;
    for (const auto& condition : of.at("conditions")) {
      if (is_bad(condition)) ++bad_conditions_;
      if (print_) print(condition, indent);
    }
  }

  static void print(const json& condition, int indent) {
    const auto status = condition.value("status", "");
    const auto mark = is_bad(condition) ? "!" : " ";
    fmt::print("{:{}}{} {:<18} {:<8}{}", "", indent - 1, mark, condition.value("type", ""), status,
               condition.value("reason", ""));
    if (is_bad(condition)) fmt::print(": {}", condition.value("message", ""));
    fmt::print("\n");
  }

  bool print_;
  std::size_t objects_ = 0;
  std::size_t bad_objects_ = 0;
  std::size_t bad_conditions_ = 0;
};

void write(YamlText& out, const std::vector<objects::Problem>& problems) {
  for (const auto& problem : problems) {
    out.open_item();
    out.field("severity", problem.severity == objects::Severity::error ? "error" : "warning");
    if (!problem.location.empty()) out.field("location", problem.location);
    if (!problem.object.empty()) out.field("object", problem.object);
    if (!problem.field.empty()) out.field("field", problem.field);
    out.field("reason", problem.reason);
    if (!problem.fix.empty()) out.field("fix", problem.fix);
    out.close_item();
  }
}

/// "problems:" and "statuses:", the latter as the admin port shows them.
std::string document_of(const LoadedFiles& loaded, const std::string& statuses) {
  YamlText out;
  if (!loaded.problems.empty() || !loaded.warnings.empty()) {
    out.open("problems");
    write(out, loaded.problems);
    write(out, loaded.warnings);
    out.close();
  }
  std::string document = out.take();
  if (statuses.empty()) return document;
  document += "statuses:\n";
  std::string_view rest = statuses;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    document.append("  ").append(line).append("\n");
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return document;
}

}  // namespace

int run_validate(const std::vector<std::string>& arguments) {
  const auto start = start_command("validate", arguments);
  if (start.exit_code >= 0) return start.exit_code;
  if (start.settings.files.empty())
    return refuse_arguments("validate", {"give at least one file or folder with -f"});

  const auto loaded = load_files(start.settings.files, start.settings);
  const auto format = start.arguments.value("output", "text");
  const bool is_text = format == "text";
  if (is_text || loaded.unreadable) print_problems(loaded);
  if (loaded.unreadable) return 2;
  const auto statuses = objects::dump(loaded.statuses);
  StatusReport report(is_text ? StatusReport::Print::yes : StatusReport::Print::no);
  report.add(value_of_yaml(statuses));
  if (is_text)
    fmt::print("{} object{}, {} with problems\n", report.objects(), report.objects() == 1 ? "" : "s",
               report.bad_objects());
  else
    print_document(format, document_of(loaded, statuses));
  return loaded.has_error() || report.bad_objects() != 0 ? 1 : 0;
}

}  // namespace gatehouse::gateway

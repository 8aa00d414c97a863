// SPDX-License-Identifier: Apache-2.0
// Typed fields with their complaints.
#include "config/objects/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/objects/field_table.h"
#include "config/objects/nearest.h"

namespace gatehouse::objects {
namespace {

using nlohmann::json;

bool is_plain_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void append_key(std::string& to, std::string_view key) {
  if (!is_plain_key(key)) {
    to += fmt::format("[\"{}\"]", key);
    return;
  }
  if (!to.empty()) to += '.';
  to += key;
}

std::string describe(const json& value) {
  constexpr std::size_t kShown = 40;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  if (value.is_string()) return "the text " + text;
  return (value.is_boolean() ? "the boolean " : "the number ") + text;
}

Complaint wrong_type(std::string_view wanted, const json& value, std::string_view fix) {
  return {fmt::format("must be {}, not {}", wanted, describe(value)), std::string(fix)};
}

const json& empty_object() {
  static const json object = json::object();
  return object;
}

}  // namespace

std::vector<PathStep> Path::steps() const {
  std::vector<PathStep> steps;
  for (const Path* path = this; path->parent_ != nullptr; path = path->parent_) steps.push_back(path->step_);
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::string Path::to_string() const {
  std::string text;
  for (const auto& step : steps()) {
    if (step.is_index())
      text += fmt::format("[{}]", step.index);
    else
      append_key(text, step.key);
  }
  return text;
}

std::string Path::pattern() const {
  std::string text;
  for (const auto& step : steps()) {
    if (step.is_index())
      text += "[]";
    else
      append_key(text, step.key);
  }
  return text;
}

void Diagnostics::add(Severity severity, const Path& path, const Complaint& complaint) {
  failed_ = failed_ || severity == Severity::error;
  if (problems_.size() >= kMaxProblemsPerObject) return;
  Problem problem;
  problem.severity = severity;
  problem.object = object_;
  problem.field = path.to_string();
  problem.reason = complaint.reason;
  problem.fix = complaint.fix;
  if (locations_ != nullptr) problem.location = locations_->locate(path.steps());
  problems_.push_back(std::move(problem));
}

void Diagnostics::leftover_field(const Path& path, const std::string& meant) {
  const auto pattern = path.pattern();
  const auto use = field_use(kind_, pattern);
  if (use == FieldUse::silent) return;
  if (use == FieldUse::unknown)
    return warning(
        path, {"unknown field: ignored", meant.empty() ? "check its spelling and its indentation" : meant});
  if (unsupported_seen_.insert(pattern).second)
    warning(path, {"not supported yet by this version: ignored", "remove it if you do not need it"});
}

void Reader::visit_object(const json& value, const Path& path, const Visitor& visit) {
  if (!value.is_object() && !value.is_null()) {
    diagnostics_.error(path, wrong_type("an object", value, "indent its fields below it"));
    return;
  }
  Reader reader(value.is_null() ? empty_object() : value, path, diagnostics_);
  visit(reader);
}

Reader::~Reader() {
  for (const auto& [key, value] : value_.items()) {
    if (value.is_null() || std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    diagnostics_.leftover_field(Path(path_, key), suggest(key, asked_));
  }
}

bool Reader::is_empty_list(std::string_view key) const {
  const auto found = value_.find(key);
  return found != value_.end() && found->is_array() && found->empty();
}

bool Reader::has(std::string_view key) const {
  const auto found = value_.find(key);
  return found != value_.end() && !found->is_null();
}

const json* Reader::take(std::string_view key) {
  asked_.push_back(key);
  const auto found = value_.find(key);
  if (found == value_.end() || found->is_null()) return nullptr;
  return &*found;
}

void Reader::error_at(std::string_view key, const Complaint& complaint) {
  diagnostics_.error(Path(path_, key), complaint);
}

void Reader::warning_at(std::string_view key, const Complaint& complaint) {
  diagnostics_.warning(Path(path_, key), complaint);
}

std::optional<std::string> Reader::as_text(const json& value, const Path& path, Check check) {
  if (!value.is_string()) {
    const bool scalar = value.is_primitive();
    diagnostics_.error(path, wrong_type("a text", value, scalar ? "put it in quotes" : "write one value"));
    return std::nullopt;
  }
  const auto& text = value.get_ref<const std::string&>();
  const auto complaint = check == nullptr ? std::nullopt : check(text);
  if (complaint) diagnostics_.error(path, *complaint);
  return text;
}

std::optional<std::string> Reader::text(std::string_view key, Check check) {
  const json* value = take(key);
  if (value == nullptr) return std::nullopt;
  return as_text(*value, Path(path_, key), check);
}

std::string Reader::text_or(std::string_view key, std::string_view fallback, Check check) {
  auto value = text(key, check);
  return value ? *std::move(value) : std::string(fallback);
}

std::string Reader::required_text(std::string_view key, Check check) {
  const json* value = take(key);
  if (value == nullptr) {
    error_at(key, {"is required", "add it"});
    return {};
  }
  return as_text(*value, Path(path_, key), check).value_or("");
}

std::string Reader::choice(std::string_view key, std::span<const std::string_view> choices,
                           std::string_view fallback) {
  auto value = text(key);
  if (!value) return std::string(fallback);
  if (std::find(choices.begin(), choices.end(), *value) != choices.end()) return *std::move(value);
  const auto meant = suggest(*value, choices);
  error_at(key, {fmt::format("\"{}\" is not one of {}", *value, fmt::join(choices, ", ")),
                 meant.empty() ? "write one of them" : meant});
  return std::string(fallback);
}

std::optional<std::int64_t> Reader::integer(std::string_view key, Range range) {
  const json* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) {
    error_at(key, wrong_type("a whole number", *value,
                             value->is_string() ? "remove the quotes" : "write a whole number"));
    return std::nullopt;
  }
  const bool huge = value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX;
  const auto number = huge ? INT64_MAX : value->get<std::int64_t>();
  if (number >= range.min && number <= range.max) return number;
  error_at(key, {fmt::format("{} is outside {} to {}", value->dump(), range.min, range.max),
                 "write a number in that range"});
  return std::nullopt;
}

std::optional<bool> Reader::boolean(std::string_view key) {
  const json* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  error_at(key, wrong_type("true or false", *value, "write true or false without quotes"));
  return std::nullopt;
}

std::optional<std::string> Reader::number_or_text(std::string_view key, Range range) {
  const auto found = value_.find(key);
  if (found == value_.end() || !found->is_number()) return text(key, check_not_empty);
  const auto number = integer(key, range);
  if (!number) return std::nullopt;
  return std::to_string(*number);
}

std::map<std::string, std::string> Reader::text_map(std::string_view key) {
  std::map<std::string, std::string> result;
  const json* value = take(key);
  if (value == nullptr) return result;
  const Path here(path_, key);
  if (!value->is_object()) {
    diagnostics_.error(here, wrong_type("an object of texts", *value, "write key: value lines below it"));
    return result;
  }
  for (const auto& [name, entry] : value->items())
    if (auto text = as_text(entry, Path(here, name), nullptr)) result.emplace(name, *std::move(text));
  return result;
}

const json* Reader::take_array(std::string_view key, std::size_t max) {
  const json* value = take(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    error_at(key, wrong_type("a list", *value, "write its entries with a '-' in front"));
    return nullptr;
  }
  if (value->size() <= max) return value;
  error_at(key,
           {fmt::format("has {} entries, at most {} are allowed", value->size(), max), "split the object"});
  return nullptr;
}

std::vector<std::string> Reader::texts(std::string_view key, std::size_t max, Check check) {
  std::vector<std::string> result;
  const json* list = take_array(key, max);
  if (list == nullptr) return result;
  const Path here(path_, key);
  for (std::size_t i = 0; i < list->size(); ++i)
    if (auto text = as_text((*list)[i], Path(here, i), check)) result.push_back(*std::move(text));
  return result;
}

bool Reader::object(std::string_view key, const Visitor& visit) {
  const json* value = take(key);
  if (value == nullptr) return false;
  visit_object(*value, Path(path_, key), visit);
  return true;
}

void Reader::each(std::string_view key, std::size_t max, const Visitor& visit) {
  const json* list = take_array(key, max);
  if (list == nullptr) return;
  const Path here(path_, key);
  for (std::size_t i = 0; i < list->size(); ++i) visit_object((*list)[i], Path(here, i), visit);
}

}  // namespace gatehouse::objects

// SPDX-License-Identifier: Apache-2.0
// Typed fields with their complaints.
#include "config/objects/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

std::string_view type_of(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a text";
  return value.is_boolean() ? "a boolean" : value.is_null() ? "empty" : "a number";
}

/// JSON has one kind of number: 80.0 is as whole as 80.
bool is_whole(const json& value) {
  if (!value.is_number_float()) return value.is_number_integer();
  const auto number = value.get<double>();
  return std::isfinite(number) && std::trunc(number) == number;
}

bool is_beyond_64_bits(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() > INT64_MAX;
  return value.is_number_float() && std::abs(value.get<double>()) >= 0x1p63;
}

}  // namespace

std::string describe(const json& value) {
  constexpr std::size_t kShown = 40;
  if (value.is_structured() || value.is_null()) return std::string(type_of(value));
  auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  if (value.is_string()) return "the text " + text;
  return (value.is_boolean() ? "the boolean " : "the number ") + text;
}

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
  if (is_silent_field(kind_, path.pattern())) return;
  warning(path, {"unknown field: ignored", meant.empty() ? "check its spelling and its indentation" : meant});
}

void Reader::say_wrong_type(const Path& path, std::string_view wanted, const json& value,
                            std::string_view fix) {
  const auto found = diagnostics_.shows_values() ? describe(value) : std::string(type_of(value));
  diagnostics_.error(path, {fmt::format("must be {}, not {}", wanted, found), std::string(fix)});
}

void Reader::visit_object(const json& value, const Path& path, const Visitor& visit) {
  if (!value.is_object()) return say_wrong_type(path, "an object", value, "indent its fields below it");
  Reader reader(value, path, diagnostics_);
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

bool Reader::require(std::string_view key, std::string_view fix) {
  if (has(key)) return true;
  error_at(key, {"is required", std::string(fix)});
  return false;
}

void Reader::require_list(std::string_view key, std::string_view fix) {
  if (require(key, fix) && is_empty_list(key)) error_at(key, {"must not be empty", std::string(fix)});
}

const json* Reader::take(std::string_view key) {
  asked_.push_back(key);
  diagnostics_.asked(Path(path_, key));
  const auto found = value_.find(key);
  if (found == value_.end() || found->is_null()) return nullptr;
  return &*found;
}

void Reader::error_at(std::string_view key, const Complaint& complaint) {
  diagnostics_.error(Path(path_, key), complaint);
}

void Reader::error_in(std::string_view key, std::size_t index, const Complaint& complaint) {
  const Path list(path_, key);
  diagnostics_.error(Path(list, index), complaint);
}

void Reader::warning_at(std::string_view key, const Complaint& complaint) {
  diagnostics_.warning(Path(path_, key), complaint);
}

std::optional<std::string> Reader::as_text(const json& value, const Path& path, Check check) {
  if (!value.is_string()) {
    const bool scalar = value.is_primitive() && !value.is_null();
    say_wrong_type(path, "a text", value, scalar ? "put it in quotes" : "write one value");
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
  auto value = optional_choice(key, choices);
  return value ? *std::move(value) : std::string(fallback);
}

std::optional<std::string> Reader::optional_choice(std::string_view key,
                                                   std::span<const std::string_view> choices) {
  auto value = text(key);
  if (!value || std::find(choices.begin(), choices.end(), *value) != choices.end()) return value;
  const auto meant = suggest(*value, choices);
  error_at(key, {fmt::format("\"{}\" is not one of {}", *value, fmt::join(choices, ", ")),
                 meant.empty() ? "write one of them" : meant});
  return std::nullopt;
}

std::string Reader::required_choice(std::string_view key, std::span<const std::string_view> choices) {
  require(key, fmt::format("write one of {}", fmt::join(choices, ", ")));
  return optional_choice(key, choices).value_or("");
}

std::optional<std::int64_t> Reader::as_integer(const json& value, const Path& path, Range range) {
  if (!is_whole(value)) {
    say_wrong_type(path, "a whole number", value,
                   value.is_string() ? "remove the quotes" : "write a whole number");
    return std::nullopt;
  }
  const bool huge = is_beyond_64_bits(value);
  const auto number = huge ? INT64_MAX : value.get<std::int64_t>();
  if (number >= range.min && number <= range.max && !huge) return number;
  if (range.max >= INT32_MAX && number < range.min) {
    diagnostics_.error(path, {fmt::format("{} is less than {}", value.dump(), range.min),
                              fmt::format("write a number of at least {}", range.min)});
    return std::nullopt;
  }
  diagnostics_.error(path, {fmt::format("{} is outside {} to {}", value.dump(), range.min, range.max),
                            "write a number in that range"});
  return std::nullopt;
}

std::optional<std::int64_t> Reader::integer(std::string_view key, Range range) {
  const json* value = take(key);
  return value == nullptr ? std::nullopt : as_integer(*value, Path(path_, key), range);
}

std::optional<std::int32_t> Reader::small_integer(std::string_view key, Range range) {
  const auto number = integer(key, {range.min, std::min<std::int64_t>(range.max, INT32_MAX)});
  if (!number) return std::nullopt;
  return static_cast<std::int32_t>(*number);
}

std::optional<std::int32_t> Reader::clamped_integer(std::string_view key, std::int64_t min) {
  const auto number = integer(key, {min, INT64_MAX});
  if (!number) return std::nullopt;
  return static_cast<std::int32_t>(std::min<std::int64_t>(*number, INT32_MAX));
}

std::optional<std::chrono::milliseconds> Reader::duration(std::string_view key) {
  const auto value = text(key, check_duration);
  return value ? parse_gep2257(*value) : std::nullopt;
}

std::optional<bool> Reader::boolean(std::string_view key) {
  const json* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  say_wrong_type(Path(path_, key), "true or false", *value, "write true or false without quotes");
  return std::nullopt;
}

std::optional<std::string> Reader::number_or_text(std::string_view key, Range range) {
  const auto found = value_.find(key);
  if (found == value_.end() || !found->is_number()) return text(key, check_not_empty);
  const auto number = integer(key, range);
  if (!number) return std::nullopt;
  return std::to_string(*number);
}

std::map<std::string, std::string> Reader::text_map(std::string_view key, const MapRules& rules) {
  std::map<std::string, std::string> result;
  const json* value = take(key);
  if (value == nullptr) return result;
  const Path here(path_, key);
  if (!value->is_object()) {
    say_wrong_type(here, "an object of texts", *value, "write key: value lines below it");
    return result;
  }
  for (const auto& [name, entry] : value->items()) {
    if (entry.is_null()) continue;
    const Path at(here, name);
    const auto complaint = rules.key == nullptr ? std::nullopt : rules.key(name);
    if (complaint) diagnostics_.error(at, *complaint);
    if (auto text = as_text(entry, at, rules.value)) result.emplace(name, *std::move(text));
  }
  if (result.size() > rules.max)
    error_at(key, {fmt::format("has {} entries, at most {} are allowed", result.size(), rules.max),
                   "remove some"});
  return result;
}

std::map<std::string, std::string> Reader::bytes_map(std::string_view key, const MapRules& rules) {
  auto map = text_map(key, rules);
  const Path here(path_, key);
  for (auto& [name, value] : map) {
    auto bytes = decode_base64(value);
    if (!bytes)
      diagnostics_.error(Path(here, name), {"is not base64", "encode it, or put it in as plain text"});
    value = std::move(bytes).value_or("");
  }
  return map;
}

const json* Reader::take_array(std::string_view key, std::size_t max) {
  const json* value = take(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    say_wrong_type(Path(path_, key), "a list", *value, "write its entries with a '-' in front");
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

std::vector<std::string> Reader::text_set(std::string_view key, std::size_t max, Check check) {
  auto result = texts(key, max, check);
  std::set<std::string_view> seen;
  for (const auto& text : result)
    if (!seen.insert(text).second) error_at(key, {fmt::format("\"{}\" is listed twice", text), "keep one"});
  return result;
}

std::vector<std::int32_t> Reader::integer_set(std::string_view key, std::size_t max, Range range) {
  std::vector<std::int32_t> result;
  const json* list = take_array(key, max);
  if (list == nullptr) return result;
  const Path here(path_, key);
  std::set<std::int64_t> seen;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto number = as_integer((*list)[i], Path(here, i), range);
    if (!number) continue;
    result.push_back(static_cast<std::int32_t>(*number));
    if (!seen.insert(*number).second) error_at(key, {fmt::format("{} is listed twice", *number), "keep one"});
  }
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

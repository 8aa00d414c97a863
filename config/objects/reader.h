// SPDX-License-Identifier: Apache-2.0
// Typed reading of one JSON object: what is missing, of the wrong type, against a rule or not known is named
// with its path. Private to the decoders of this folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/constraints.h"
#include "config/objects/problem.h"
#include "config/objects/source_map.h"

namespace gatehouse::objects {

/// Where a value is inside its object. Lives on the stack beside the readers; rendered only for a problem.
class Path {
 public:
  Path() = default;
  Path(const Path& parent, std::string_view key) : parent_(&parent), step_{key, PathStep::kNoIndex} {}
  Path(const Path& parent, std::size_t index) : parent_(&parent), step_{{}, index} {}

  std::string to_string() const;  ///< spec.rules[0].name
  std::string pattern() const;    ///< spec.rules[].name
  std::vector<PathStep> steps() const;

 private:
  const Path* parent_ = nullptr;
  PathStep step_;
};

inline constexpr std::size_t kMaxProblemsPerObject = 20;

/// Collects the problems of one object. An object with an error is not used.
class Diagnostics {
 public:
  Diagnostics(std::string kind, std::string object, const SourceMap* locations)
      : kind_(std::move(kind)), object_(std::move(object)), locations_(locations) {}

  /// From now on no message shows a value: for kinds that hold secrets.
  void hide_values() { shows_values_ = false; }
  bool shows_values() const { return shows_values_; }
  /// From now on `to` gets the pattern of every field that a reader asks for.
  void record_fields(std::set<std::string>* to) { fields_ = to; }
  void asked(const Path& path) {
    if (fields_ != nullptr) fields_->insert(path.pattern());
  }

  void error(const Path& path, const Complaint& complaint) { add(Severity::error, path, complaint); }
  void warning(const Path& path, const Complaint& complaint) { add(Severity::warning, path, complaint); }
  /// A field that no reader asked for. `meant` may suggest another field.
  void leftover_field(const Path& path, const std::string& meant);
  bool failed() const { return failed_; }
  std::vector<Problem> take() { return std::move(problems_); }

 private:
  void add(Severity severity, const Path& path, const Complaint& complaint);

  std::string kind_;
  std::string object_;
  const SourceMap* locations_;
  bool shows_values_ = true;
  bool failed_ = false;
  std::set<std::string>* fields_ = nullptr;
  std::vector<Problem> problems_;
};

/// For messages: "the text \"x\"", "a list". Long values are cut.
std::string describe(const nlohmann::json& value);

struct Range {
  std::int64_t min;
  std::int64_t max;
};

inline constexpr std::size_t kNoLimit = SIZE_MAX;

/// What a map from texts to texts may hold.
struct MapRules {
  std::size_t max = kNoLimit;
  Check key = nullptr;
  Check value = nullptr;
};

/// Reads the fields of one object; a null field counts as absent. When it goes out of scope it reports the
/// fields nobody asked for. Borrows everything; not copyable.
class Reader {
 public:
  /// `value` is an object.
  Reader(const nlohmann::json& value, const Path& path, Diagnostics& diagnostics)
      : value_(value), path_(path), diagnostics_(diagnostics) {}
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Does not count as asking for it.
  bool has(std::string_view key) const;
  bool is_empty_list(std::string_view key) const;
  /// Says so when the field is not there.
  bool require(std::string_view key, std::string_view fix);
  /// The same for a list, which must not be empty either.
  void require_list(std::string_view key, std::string_view fix);

  std::optional<std::string> text(std::string_view key, Check check = nullptr);
  std::string text_or(std::string_view key, std::string_view fallback, Check check = nullptr);
  std::string required_text(std::string_view key, Check check = nullptr);
  /// One of `choices`; `fallback` when absent.
  std::string choice(std::string_view key, std::span<const std::string_view> choices,
                     std::string_view fallback);
  std::optional<std::string> optional_choice(std::string_view key, std::span<const std::string_view> choices);
  std::string required_choice(std::string_view key, std::span<const std::string_view> choices);
  std::optional<std::int64_t> integer(std::string_view key, Range range);
  std::optional<std::int32_t> small_integer(std::string_view key, Range range);
  /// Where the CRD sets no upper limit and no format: what is beyond 32 bits counts as the greatest 32-bit
  /// number.
  std::optional<std::int32_t> clamped_integer(std::string_view key, std::int64_t min);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::chrono::milliseconds> duration(std::string_view key);
  /// A number or a text, as a text.
  std::optional<std::string> number_or_text(std::string_view key, Range range);
  std::map<std::string, std::string> text_map(std::string_view key, const MapRules& rules = {});
  /// The same with values in base64, which come back decoded.
  std::map<std::string, std::string> bytes_map(std::string_view key, const MapRules& rules);
  std::vector<std::string> texts(std::string_view key, std::size_t max, Check check);
  /// The same for a list that may not name anything twice.
  std::vector<std::string> text_set(std::string_view key, std::size_t max, Check check);
  std::vector<std::int32_t> integer_set(std::string_view key, std::size_t max, Range range);

  using Visitor = std::function<void(Reader&)>;
  /// Calls `visit` when the field holds an object; returns whether the field is there.
  bool object(std::string_view key, const Visitor& visit);
  /// Calls `visit` for every element.
  void each(std::string_view key, std::size_t max, const Visitor& visit);

  /// The list as it stands, null when absent: for entries of more than one type.
  const nlohmann::json* array(std::string_view key, std::size_t max) { return take_array(key, max); }

  /// Says something about this object, or about one field of it.
  void error(const Complaint& complaint) { diagnostics_.error(path_, complaint); }
  void error_at(std::string_view key, const Complaint& complaint);
  /// About one entry of a list.
  void error_in(std::string_view key, std::size_t index, const Complaint& complaint);
  void warning_at(std::string_view key, const Complaint& complaint);

 private:
  void visit_object(const nlohmann::json& value, const Path& path, const Visitor& visit);
  void say_wrong_type(const Path& path, std::string_view wanted, const nlohmann::json& value,
                      std::string_view fix);
  const nlohmann::json* take(std::string_view key);
  const nlohmann::json* take_array(std::string_view key, std::size_t max);
  std::optional<std::int64_t> as_integer(const nlohmann::json& value, const Path& path, Range range);
  std::optional<std::string> as_text(const nlohmann::json& value, const Path& path, Check check);

  const nlohmann::json& value_;
  const Path& path_;
  Diagnostics& diagnostics_;
  std::vector<std::string_view> asked_;
};

}  // namespace gatehouse::objects

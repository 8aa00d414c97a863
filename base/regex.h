// SPDX-License-Identifier: Apache-2.0
// Regular expressions as users write them (RE2 syntax), matched against whole subjects in linear time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace gatehouse {

/// Longer subjects never match: they can only come from someone looking for trouble.
inline constexpr std::size_t kMaxRegexSubject = 1024 * 1024;
/// Longer patterns are invalid.
inline constexpr std::size_t kMaxRegexPattern = 64 * 1024;

/// One compiled pattern, anchored at both ends. Immutable, any thread. An invalid pattern matches nothing.
class Regex {
 public:
  explicit Regex(std::string_view pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  bool is_valid() const;
  /// Why the pattern is invalid, for the person who wrote it; empty when it is valid.
  std::string error() const;
  /// Allocates nothing once the automaton is warm.
  bool matches(std::string_view subject) const;

 private:
  std::unique_ptr<const re2::RE2> compiled_;  ///< null: the pattern is too long
};

/// Many patterns matched in one pass over the subject. Immutable, any thread.
class RegexSet {
 public:
  /// Patterns must be valid by themselves; as a set they may still be too large for the memory budget.
  explicit RegexSet(std::span<const std::string_view> patterns);
  RegexSet(RegexSet&&) noexcept;
  RegexSet& operator=(RegexSet&&) noexcept;
  ~RegexSet();

  bool is_valid() const { return state_ != nullptr; }
  /// Indexes of the patterns that match the whole subject, in no order. Allocates.
  /// nullopt when the set gave up for lack of memory: ask each Regex instead.
  std::optional<std::vector<int>> matches(std::string_view subject) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace gatehouse

// SPDX-License-Identifier: Apache-2.0
// The one file that sees RE2.
#include "base/regex.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <cstdint>

namespace gatehouse {
namespace {

/// Program and automaton of one pattern; a set gets as much per pattern, up to its own bound.
constexpr std::int64_t kMemoryPerPattern = 2 * 1024 * 1024;
constexpr std::int64_t kMemoryPerSet = 256 * 1024 * 1024;

re2::RE2::Options make_options(std::int64_t memory) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(memory);
  return options;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Regex::Regex(std::string_view pattern) {
  if (pattern.size() > kMaxRegexPattern) return;
  compiled_ = std::make_unique<const re2::RE2>(piece(pattern), make_options(kMemoryPerPattern));
}

Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

bool Regex::is_valid() const {
  return compiled_ && compiled_->ok();
}

std::string Regex::error() const {
  if (!compiled_) return "the pattern is longer than " + std::to_string(kMaxRegexPattern) + " bytes";
  return compiled_->ok() ? std::string() : compiled_->error();
}

bool Regex::matches(std::string_view subject) const {
  if (subject.size() > kMaxRegexSubject || !is_valid()) return false;
  return compiled_->Match(piece(subject), 0, subject.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

struct RegexSet::State {
  explicit State(std::int64_t memory) : set(make_options(memory), re2::RE2::ANCHOR_BOTH) {}
  re2::RE2::Set set;
};

RegexSet::RegexSet(std::span<const std::string_view> patterns) {
  const auto wanted = static_cast<std::int64_t>(patterns.size()) * kMemoryPerPattern;
  auto state = std::make_unique<State>(std::min(wanted, kMemoryPerSet));
  for (const std::string_view pattern : patterns)
    if (state->set.Add(piece(pattern), nullptr) < 0) return;
  if (state->set.Compile()) state_ = std::move(state);
}

RegexSet::RegexSet(RegexSet&&) noexcept = default;
RegexSet& RegexSet::operator=(RegexSet&&) noexcept = default;
RegexSet::~RegexSet() = default;

std::optional<std::vector<int>> RegexSet::matches(std::string_view subject) const {
  if (!state_) return std::nullopt;
  std::vector<int> hits;
  if (subject.size() > kMaxRegexSubject) return hits;
  re2::RE2::Set::ErrorInfo info{};
  if (state_->set.Match(piece(subject), &hits, &info)) return hits;
  if (info.kind != re2::RE2::Set::kNoError) return std::nullopt;
  hits.clear();
  return hits;
}

}  // namespace gatehouse

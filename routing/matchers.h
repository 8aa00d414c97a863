// SPDX-License-Identifier: Apache-2.0
// The conditions of a match beyond its path: method, headers, query parameters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/regex.h"
#include "routing/request_view.h"

namespace gatehouse::routing {

/// What a regex condition looks at when it must be built first (a repeated header joined, a parameter
/// decoded) may be this long; beyond, the condition does not hold.
inline constexpr std::size_t kMaxBuiltSubject = 64 * 1024;

/// One compiled header or query condition: its texts lie in here unless they are long, so that looking at one
/// costs one cache line. A header that comes several times is looked at as its values joined by ",". Of a
/// repeated query parameter the first counts; names and values are compared after percent-decoding, '+' being
/// a space, bad escapes literal.
class alignas(64) ValueCondition {
 public:
  /// `regex` null: exact. With one, `value` is not kept.
  ValueCondition(std::string_view name, std::string_view value, const Regex* regex);

  std::string_view name() const { return {text(), name_size_}; }
  std::string_view value() const { return {text() + name_size_, value_size_}; }
  const Regex* regex() const { return regex_; }

 private:
  const char* text() const { return elsewhere_ ? elsewhere_.get() : here_.data(); }

  const Regex* regex_;
  std::unique_ptr<char[]> elsewhere_;
  std::uint32_t name_size_;
  std::uint32_t value_size_;
  std::array<char, 40> here_;
};

bool holds_for_headers(const ValueCondition& condition, std::span<const HeaderField> headers);
bool holds_for_query(const ValueCondition& condition, std::string_view query);

/// All conditions of one match beyond its path.
struct Conditions {
  std::string_view method;                 ///< empty = any
  const ValueCondition* values = nullptr;  ///< the headers', then the query's; an array that the route owns
  std::uint32_t header_count = 0;
  std::uint32_t query_count = 0;

  bool empty() const { return method.empty() && header_count + query_count == 0; }
  /// Allocates nothing.
  bool hold(const RequestView& request) const;
};

}  // namespace gatehouse::routing

// SPDX-License-Identifier: Apache-2.0
#include "routing/matchers.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace gatehouse::routing {
namespace {

bool has_name(const HeaderField& field, std::string_view name) {
  return field.name.size() == name.size() && equals_ignoring_case(field.name, name);
}

/// The joined values are compared piece by piece, so nothing has to be built.
bool headers_equal(std::span<const HeaderField> headers, const ValueCondition& wanted) {
  std::string_view rest = wanted.value();
  bool seen = false;
  for (const HeaderField& field : headers) {
    if (!has_name(field, wanted.name())) continue;
    if (seen && !rest.starts_with(',')) return false;
    if (seen) rest.remove_prefix(1);
    if (!rest.starts_with(field.value)) return false;
    rest.remove_prefix(field.value.size());
    seen = true;
  }
  return seen && rest.empty();
}

/// Out of line: its stack frame is large and the case is rare.
[[gnu::noinline]] bool joined_headers_match(std::span<const HeaderField> headers, std::string_view name,
                                            const Regex& regex) {
  char joined[kMaxBuiltSubject];
  std::size_t size = 0;
  bool seen = false;
  for (const HeaderField& field : headers) {
    if (!has_name(field, name)) continue;
    if (field.value.size() + 1 > kMaxBuiltSubject - size) return false;
    if (seen) joined[size++] = ',';
    seen = true;
    size += field.value.copy(joined + size, field.value.size());
  }
  return regex.matches({joined, size});
}

bool headers_match(std::span<const HeaderField> headers, std::string_view name, const Regex& regex) {
  const HeaderField* first = nullptr;
  for (const HeaderField& field : headers) {
    if (!has_name(field, name)) continue;
    if (first != nullptr) return joined_headers_match(headers, name, regex);
    first = &field;
  }
  return first != nullptr && regex.matches(first->value);
}

/// Takes one decoded character off the front of `raw`.
char take_decoded(std::string_view& raw) {
  const char c = raw.front();
  if (c == '%' && raw.size() >= 3 && hex_value(raw[1]) >= 0 && hex_value(raw[2]) >= 0) {
    const char decoded = static_cast<char>(hex_value(raw[1]) * 16 + hex_value(raw[2]));
    raw.remove_prefix(3);
    return decoded;
  }
  raw.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

bool equals_decoded(std::string_view raw, std::string_view wanted) {
  if (raw.size() < wanted.size()) return false;
  while (!raw.empty() && !wanted.empty()) {
    if (take_decoded(raw) != wanted.front()) return false;
    wanted.remove_prefix(1);
  }
  return raw.empty() && wanted.empty();
}

[[gnu::noinline]] bool decoded_matches(std::string_view raw, const Regex& regex) {
  char decoded[kMaxBuiltSubject];
  std::size_t size = 0;
  while (!raw.empty()) {
    if (size == kMaxBuiltSubject) return false;
    decoded[size++] = take_decoded(raw);
  }
  return regex.matches({decoded, size});
}

/// The raw value of the first parameter of that name; empty for a parameter without '='.
std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (parameter.empty()) continue;
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    if (!equals_decoded(parameter.substr(0, equals), name)) continue;
    return parameter.substr(std::min(equals + 1, parameter.size()));
  }
  return std::nullopt;
}

}  // namespace

ValueCondition::ValueCondition(std::string_view name, std::string_view value, const Regex* regex)
    : regex_(regex),
      name_size_(static_cast<std::uint32_t>(name.size())),
      value_size_(regex == nullptr ? static_cast<std::uint32_t>(value.size()) : 0) {
  if (name_size_ + value_size_ > here_.size()) elsewhere_.reset(new char[name_size_ + value_size_]);
  char* to = elsewhere_ ? elsewhere_.get() : here_.data();
  name.copy(to, name_size_);
  value.copy(to + name_size_, value_size_);
}

bool holds_for_headers(const ValueCondition& condition, std::span<const HeaderField> headers) {
  if (condition.regex() != nullptr) return headers_match(headers, condition.name(), *condition.regex());
  return headers_equal(headers, condition);
}

bool holds_for_query(const ValueCondition& condition, std::string_view query) {
  const auto raw = find_parameter(query, condition.name());
  if (!raw) return false;
  if (condition.regex() == nullptr) return equals_decoded(*raw, condition.value());
  if (raw->find_first_of("%+") == raw->npos) return condition.regex()->matches(*raw);
  return decoded_matches(*raw, *condition.regex());
}

bool Conditions::hold(const RequestView& request) const {
  if (!method.empty() && method != request.method) return false;
  for (const ValueCondition& header : std::span(values, header_count))
    if (!holds_for_headers(header, request.headers)) return false;
  for (const ValueCondition& parameter : std::span(values + header_count, query_count))
    if (!holds_for_query(parameter, request.query)) return false;
  return true;
}

}  // namespace gatehouse::routing

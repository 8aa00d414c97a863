// SPDX-License-Identifier: Apache-2.0
// The YAML 1.2 core schema, section 10.3.2.
#include "config/file/yaml_scalar.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace gatehouse::file {
namespace {

using nlohmann::json;

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::optional<bool> as_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::string_view skip_digits(std::string_view text) {
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view skip_sign(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}

template <typename Number>
std::optional<json> parse_whole(std::string_view digits, int base) {
  Number value{};
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return json(value);
}

/// Integers that fit no 64 bits are left to the float rule, as JSON readers do.
std::optional<json> as_integer(std::string_view text) {
  if (text.starts_with("0x")) return parse_whole<std::uint64_t>(text.substr(2), 16);
  if (text.starts_with("0o")) return parse_whole<std::uint64_t>(text.substr(2), 8);
  const auto digits = skip_sign(text);
  if (digits.empty() || !skip_digits(digits).empty()) return std::nullopt;
  if (const auto value = parse_whole<std::int64_t>(text.front() == '+' ? digits : text, 10)) return value;
  return text.front() == '-' ? std::nullopt : parse_whole<std::uint64_t>(digits, 10);
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool has_float_form(std::string_view text) {
  text = skip_sign(text);
  auto rest = skip_digits(text);
  const bool whole = rest.size() < text.size();
  bool fraction = false;
  if (rest.starts_with('.')) {
    const auto after = skip_digits(rest.substr(1));
    fraction = after.size() + 1 < rest.size();
    rest = after;
  }
  if (!whole && !fraction) return false;
  if (rest.empty()) return true;
  if (rest.front() != 'e' && rest.front() != 'E') return false;
  const auto exponent = skip_sign(rest.substr(1));
  return !exponent.empty() && skip_digits(exponent).empty();
}

std::optional<json> as_special_float(std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto word = skip_sign(text);
  if (word == ".inf" || word == ".Inf" || word == ".INF") {
    const double infinity = std::numeric_limits<double>::infinity();
    return json(negative ? -infinity : infinity);
  }
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return json(std::numeric_limits<double>::quiet_NaN());
  return std::nullopt;
}

std::optional<json> as_float(std::string_view text) {
  if (!has_float_form(text)) return as_special_float(text);
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return json(std::numeric_limits<double>::infinity());
  if (error != std::errc()) return std::nullopt;
  return json(value);
}

}  // namespace

json plain_scalar(std::string_view text) {
  if (is_null(text)) return nullptr;
  // Most scalars are names and paths: one look at the first byte spares them the number rules.
  const char first = text.front();
  if (is_alpha(first) || first == '/' || first == '*') {
    if (const auto value = as_bool(text)) return *value;
    return text;
  }
  if (auto value = as_integer(text)) return *std::move(value);
  if (auto value = as_float(text)) return *std::move(value);
  return text;
}

std::optional<json> tagged_scalar(std::string_view tag, std::string_view text) {
  if (!tag.starts_with(kTagPrefix)) return std::nullopt;
  tag.remove_prefix(kTagPrefix.size());
  if (tag == "str") return json(text);
  if (tag == "null") return is_null(text) ? std::optional<json>(json(nullptr)) : std::nullopt;
  if (tag == "int") return as_integer(text);
  if (tag == "float") return as_float(text);
  if (tag != "bool") return std::nullopt;
  if (const auto value = as_bool(text)) return json(*value);
  return std::nullopt;
}

}  // namespace gatehouse::file

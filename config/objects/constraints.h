// SPDX-License-Identifier: Apache-2.0
// The rules of the CRDs for single values: names, hostnames, paths, header values, durations.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::objects {

/// What is wrong with a value and what to write instead.
struct Complaint {
  std::string reason;
  std::string fix;
};

/// A rule for a text; nullopt when it holds.
using Check = std::optional<Complaint> (*)(std::string_view);

std::optional<Complaint> check_not_empty(std::string_view text);
std::optional<Complaint> check_dns_label(std::string_view text);      ///< RFC 1123 label, 63 bytes
std::optional<Complaint> check_dns_subdomain(std::string_view text);  ///< RFC 1123 subdomain, 253 bytes
std::optional<Complaint> check_group(std::string_view text);          ///< "" or a subdomain
std::optional<Complaint> check_kind(std::string_view text);
std::optional<Complaint> check_hostname(
    std::string_view text);  ///< precise or with "*." in front; no IP address
std::optional<Complaint> check_precise_hostname(std::string_view text);
std::optional<Complaint> check_controller_name(std::string_view text);
std::optional<Complaint> check_protocol(std::string_view text);
std::optional<Complaint> check_header_name(std::string_view text);
std::optional<Complaint> check_header_value(std::string_view text);  ///< http-rules H3: no CR, LF, NUL
std::optional<Complaint> check_match_value(std::string_view text);
/// Path values of type Exact and PathPrefix.
std::optional<Complaint> check_path(std::string_view text);
/// Path values of type RegularExpression; the pattern itself is compiled elsewhere.
std::optional<Complaint> check_pattern(std::string_view text);

/// GEP-2257, for example 1h30m or 500ms; nullopt when malformed.
std::optional<std::chrono::milliseconds> parse_gep2257(std::string_view text);
std::optional<Complaint> check_duration(std::string_view text);

/// RFC 3339 UTC or with an offset, in Unix seconds.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace gatehouse::objects

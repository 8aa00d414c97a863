// SPDX-License-Identifier: Apache-2.0
// The rules of the CRDs for single values: names, hostnames, paths, header values, durations. Where a rule
// looks odd, it is the API server's: it takes or refuses exactly the same.
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

/// Characters, not bytes: how Kubernetes counts maxLength.
std::size_t count_characters(std::string_view text);
std::optional<Complaint> check_length(std::string_view text, std::size_t most);

std::optional<Complaint> check_not_empty(std::string_view text);
std::optional<Complaint> check_dns_label(std::string_view text);      ///< RFC 1123 label, 63 bytes
std::optional<Complaint> check_dns_subdomain(std::string_view text);  ///< RFC 1123 subdomain, 253 bytes
std::optional<Complaint> check_object_name(std::string_view text);    ///< in a reference: 1 to 253 characters
std::optional<Complaint> check_group(std::string_view text);          ///< "" or a subdomain
std::optional<Complaint> check_kind(std::string_view text);
std::optional<Complaint> check_hostname(std::string_view text);  ///< precise or with "*." in front
std::optional<Complaint> check_precise_hostname(std::string_view text);
std::optional<Complaint> check_controller_name(std::string_view text);
std::optional<Complaint> check_protocol(std::string_view text);
std::optional<Complaint> check_address_type(std::string_view text);
std::optional<Complaint> check_routability(std::string_view text);
/// A label or annotation key by the API server's rules for metadata.
std::optional<Complaint> check_qualified_name(std::string_view text);
/// The same for spec.infrastructure, whose prefix may have 252 characters.
std::optional<Complaint> check_infrastructure_key(std::string_view text);
std::optional<Complaint> check_label_value(std::string_view text);
/// A key of a Secret or ConfigMap.
std::optional<Complaint> check_data_key(std::string_view text);

std::optional<Complaint> check_header_name(std::string_view text);
/// http-rules H3: visible ASCII, single blanks between; so no CR, LF, NUL.
std::optional<Complaint> check_header_value(std::string_view text);
std::optional<Complaint> check_query_value(std::string_view text);
/// Path values of type Exact and PathPrefix.
std::optional<Complaint> check_path(std::string_view text);
/// Path values of type RegularExpression; the pattern itself is compiled elsewhere.
std::optional<Complaint> check_pattern(std::string_view text);
/// Paths that replace others, of cookies: only their length.
std::optional<Complaint> check_new_path(std::string_view text);
/// externalAuth.http.path: characters of a path, from the first on.
std::optional<Complaint> check_auth_path(std::string_view text);
std::optional<Complaint> check_cors_origin(std::string_view text);
/// An absolute URI with a scheme and an authority.
std::optional<Complaint> check_uri(std::string_view text);
/// Names of gRPC services (package and service, maybe with a dot in front) and of their methods.
std::optional<Complaint> check_grpc_service(std::string_view text);
std::optional<Complaint> check_grpc_method(std::string_view text);
std::optional<Complaint> check_well_known_ca(std::string_view text);

/// GEP-2257, for example 1h30m or 500ms; nullopt when malformed.
std::optional<std::chrono::milliseconds> parse_gep2257(std::string_view text);
std::optional<Complaint> check_duration(std::string_view text);

/// RFC 3339 UTC or with an offset, in Unix seconds.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

/// RFC 4648 4 with padding, as encoding/json of Go takes it; nullopt when malformed.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace gatehouse::objects

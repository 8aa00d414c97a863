// SPDX-License-Identifier: Apache-2.0
// One function per kind, each reading everything but apiVersion, kind and metadata, and the parts that
// several kinds have alike. Private to the decoders of this folder.
#pragma once

#include <array>
#include <cstdint>

#include "config/objects/any_object.h"
#include "config/objects/reader.h"

namespace gatehouse::objects {

inline constexpr Range kPortRange{1, 65535};
inline constexpr Range kNotNegative{0, INT32_MAX};
inline constexpr Range kPositive{1, INT32_MAX};
inline constexpr std::size_t kMaxTargetRefs = 16;

void decode(Reader& root, GatewayClass& to);
void decode(Reader& root, Gateway& to);
void decode(Reader& root, ListenerSet& to);
void decode(Reader& root, HttpRoute& to);
void decode(Reader& root, GrpcRoute& to);
void decode(Reader& root, TlsRoute& to);
void decode(Reader& root, TcpRoute& to);
void decode(Reader& root, UdpRoute& to);
void decode(Reader& root, ReferenceGrant& to);
void decode(Reader& root, BackendTlsPolicy& to);
void decode(Reader& root, XBackend& to);
void decode(Reader& root, XBackendTrafficPolicy& to);
void decode(Reader& root, BackendTrafficPolicy& to);
void decode(Reader& root, Service& to);
void decode(Reader& root, EndpointSlice& to);
void decode(Reader& root, Namespace& to);
void decode(Reader& root, Secret& to);
void decode(Reader& root, ConfigMap& to);

/// spec, which all but the core kinds must have.
void read_spec(Reader& root, std::string_view fix, const Reader::Visitor& visit);

ParentReference read_parent_ref(Reader& reader);
/// The one of a ListenerSet: without sectionName and port.
ParentReference read_parent_gateway(Reader& reader);
LocalObjectReference read_local_ref(Reader& reader);
ObjectReference read_object_ref(Reader& reader);
SecretObjectReference read_secret_ref(Reader& reader);
/// Fields of a BackendObjectReference in an object that may have more, with the rules for its port.
void read_backend_ref(Reader& reader, BackendObjectReference& to);
LabelSelector read_selector(Reader& reader);
enum class SectionName : std::uint8_t { none, allowed };
/// spec.targetRefs of a policy; none may come twice.
std::vector<PolicyTargetReference> read_target_refs(Reader& spec, SectionName section);

/// An address is a hostname by the API server's rules, though Gateway API means none.
void warn_of_address(Reader& reader, std::string_view key, std::string_view hostname);

SessionPersistence read_session_persistence(Reader& reader);
HttpExternalAuth read_external_auth(Reader& reader);

enum class FilterSet : std::uint8_t { http, grpc };
/// filters[] of a rule or of a backendRef.
std::vector<HttpRouteFilter> read_filters(Reader& owner, FilterSet set);

inline constexpr std::size_t kMaxRules = 16;
/// spec.parentRefs of a route, with the rules that hold among them.
std::vector<ParentReference> read_parent_refs(Reader& spec);
/// spec.useDefaultGateways.
std::string read_default_gateways(Reader& spec);
/// spec.hostnames of an HTTPRoute or GRPCRoute.
std::vector<std::string> read_hostnames(Reader& spec);
/// headers[] or queryParams[] of a match.
std::vector<HttpValueMatch> read_value_matches(Reader& reader, std::string_view key, Check value);
/// A backendRef of an HTTPRoute or GRPCRoute.
HttpBackendRef read_http_backend(Reader& reader, FilterSet set);
inline constexpr std::size_t kMaxBackendRefs = 16;
inline constexpr Range kWeightRange{0, 1'000'000};
/// No name stands twice.
void check_rule_names(Reader& spec, const std::vector<std::optional<std::string>>& names);
inline constexpr std::size_t kMaxMatchesPerRule = 64;
/// `matches` is their number in all rules.
void check_match_count(Reader& spec, std::size_t matches);

/// validation of BackendTLSPolicy and XBackend.
BackendTlsValidation read_backend_validation(Reader& reader);

/// A type and the one field that goes with it, in a union.
struct UnionMember {
  std::string_view type;
  std::string_view field;
};
/// Exactly the field of `type` is there.
void check_union(Reader& reader, std::span<const UnionMember> members, std::string_view type);

enum class ListenerOwner : std::uint8_t { gateway, listener_set };
/// spec.listeners with the rules that hold among them.
std::vector<GatewayListener> read_listeners(Reader& spec, ListenerOwner owner);

}  // namespace gatehouse::objects

// SPDX-License-Identifier: Apache-2.0
// One function per kind, each reading everything but apiVersion, kind and metadata. Private to decode.cpp.
#pragma once

#include <cstdint>

#include "config/objects/any_object.h"
#include "config/objects/reader.h"

namespace gatehouse::objects {

inline constexpr Range kPortRange{1, 65535};

void decode(Reader& root, GatewayClass& to);
void decode(Reader& root, Gateway& to);
void decode(Reader& root, HttpRoute& to);
void decode(Reader& root, Service& to);
void decode(Reader& root, EndpointSlice& to);
void decode(Reader& root, Namespace& to);

/// filters[] of a rule or of a backendRef.
std::vector<HttpRouteFilter> decode_filters(Reader& owner);

}  // namespace gatehouse::objects

// SPDX-License-Identifier: Apache-2.0
// One object of any kind this build knows, and its identity.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "config/objects/core.h"
#include "config/objects/gateway.h"
#include "config/objects/http_route.h"

namespace gatehouse::objects {

using AnyObject = std::variant<std::shared_ptr<const GatewayClass>, std::shared_ptr<const Gateway>,
                               std::shared_ptr<const HttpRoute>, std::shared_ptr<const Service>,
                               std::shared_ptr<const EndpointSlice>, std::shared_ptr<const Namespace>>;

/// "HTTPRoute default/demo": unique among all objects.
std::string identity(const AnyObject& object);
std::string identity(std::string_view kind, const ObjectMeta& meta);

/// Same kind and equal content, whatever the pointers.
bool equal_content(const AnyObject& a, const AnyObject& b);

}  // namespace gatehouse::objects

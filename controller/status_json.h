// SPDX-License-Identifier: Apache-2.0
// Statuses as JSON, in the field names of the Kubernetes API.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "config/objects/status.h"

namespace gatehouse::controller {

/// Messages are cut at 32,768 bytes, which is what the API server takes.
nlohmann::json to_json(const objects::Condition& condition, std::string_view last_transition_time);
/// With group and kind, also where the user left them out.
nlohmann::json to_json(const objects::ParentReference& reference);
nlohmann::json to_json(const objects::GatewayAddress& address);
nlohmann::json to_json(const objects::RouteGroupKind& kind);

/// What to_json() wrote, or anybody else: with the defaults of the API for what is left out.
objects::ParentReference parent_reference(const nlohmann::json& value);

}  // namespace gatehouse::controller

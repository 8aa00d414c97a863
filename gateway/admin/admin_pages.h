// SPDX-License-Identifier: Apache-2.0
// What the admin port answers to one request; no sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/admin/admin_server.h"

namespace gatehouse::gateway {

struct AdminRequest {
  std::string_view method;
  std::string_view target;
  std::string_view host;  ///< the Host field, empty when there is none or more than one
};

struct AdminAnswer {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Who may reach the port.
enum class AdminExposure : std::uint8_t { loopback, network };

AdminAnswer answer_admin_request(const AdminRequest& request, AdminExposure exposure,
                                 const AdminHooks& hooks);

}  // namespace gatehouse::gateway

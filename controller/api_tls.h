// SPDX-License-Identifier: Apache-2.0
// TLS towards an API server: whom we trust, who we are, which name its certificate must have.
#pragma once

#include <string>

#include "controller/access.h"
#include "controller/access_credentials.h"

struct ssl_ctx_st;

namespace gatehouse::controller {

/// Lives as long as the context it belongs to.
struct TlsNotes {
  std::string server_name;   ///< what the ClientHello asks for; empty: nothing, as for an address
  std::string verify_error;  ///< why the last certificate was refused
};

/// Returns what is wrong with the credentials, or "".
std::string set_up_tls(ssl_ctx_st& context, const ClusterAccess& access, const Credentials& credentials,
                       const std::string& host, TlsNotes& notes);

}  // namespace gatehouse::controller

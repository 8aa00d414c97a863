// SPDX-License-Identifier: Apache-2.0
// What server and client contexts have in common: versions, ciphers, certificates, how records are handled.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/ir/tls.h"
#include "tls/handles.h"

namespace gatehouse::tls {

enum class Role : unsigned char { server, client };

/// A certificate of the configuration, read.
struct Identity {
  Chain chain;
  KeyHandle key;
};

/// Errors say what is wrong with the configuration; the text is static.
Result<ContextHandle> make_context(Role role, const ir::TlsOptions& options);
Result<Identity> read_identity(const ir::Certificate& certificate);
/// Takes the place of an identity of the same kind of key.
Result<void> use_identity(ssl_ctx_st& context, const Identity& identity);
/// The same for one connection, so that its server name may choose.
bool use_identity(ssl_st& connection, const Identity& identity);

/// ALPN's form on the wire; names that do not fit are left out.
std::string alpn_wire(const std::vector<std::string>& names);

}  // namespace gatehouse::tls

// SPDX-License-Identifier: Apache-2.0
// Gateway listeners[].tls.options: keys of ours, with their values' rules.
#pragma once

#include <map>
#include <string>

#include "config/ir/tls.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// gatehouse.dev/min-tls-version and max-tls-version ("1.2", "1.3"), ciphers (TLS 1.2, OpenSSL's names),
/// cipher-suites (TLS 1.3), curves, alpn ("h2,http/1.1"). Keys of other domains are somebody else's. Not ok:
/// UnsupportedValue, `to` is as far as the first problem.
Verdict read_tls_options(const std::map<std::string, std::string>& options, const std::string& where,
                         ir::TlsOptions& to);

}  // namespace gatehouse::translate

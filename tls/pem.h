// SPDX-License-Identifier: Apache-2.0
// PEM texts -> OpenSSL's objects.
#pragma once

#include <string_view>

#include "base/result.h"
#include "tls/handles.h"

namespace gatehouse::tls {

/// Every certificate of the text, in order; at least one.
Result<Chain> parse_certificates(std::string_view pem);
/// The first private key; an encrypted one is an error, nobody is asked for a password.
Result<KeyHandle> parse_private_key(std::string_view pem);
/// A store that trusts these certificates, whether they are roots or not.
Result<StoreHandle> make_trust_store(std::string_view pem);
/// What the operating system trusts; made once for the process.
x509_store_st* system_trust_store();

bool fits(const x509_st& leaf, const evp_pkey_st& key);

}  // namespace gatehouse::tls

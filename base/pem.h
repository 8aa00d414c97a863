// SPDX-License-Identifier: Apache-2.0
// What PEM texts hold, as far as configuration has to know. OpenSSL stays behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gatehouse {

/// SHA-256 in lower-case hex.
std::string sha256_hex(std::string_view bytes);

struct CertificateFacts {
  std::size_t count = 0;        ///< certificates in the text
  std::string fingerprint;      ///< SHA-256 of the first one's DER, hex
  std::int64_t not_before = 0;  ///< of the first one; Unix seconds
  std::int64_t not_after = 0;
};

/// Fails when the text has no certificate, or one that cannot be read.
Result<CertificateFacts> inspect_certificates(std::string_view pem);

/// Whether `key` is an unencrypted private key; and the one of the first certificate of `chain`.
Result<bool> key_fits(std::string_view chain, std::string_view key);

}  // namespace gatehouse

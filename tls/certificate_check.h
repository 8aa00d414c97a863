// SPDX-License-Identifier: Apache-2.0
// Looks at certificates of the configuration before anybody uses them: what they say, what is wrong with
// them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gatehouse::tls {

enum class KeyKind : std::uint8_t { rsa, ecdsa, other };

struct CertificateFacts {
  std::vector<std::string> names;  ///< subjectAltName: DNS names, addresses and URIs; else the common name
  WallTime not_before;
  WallTime not_after;
  KeyKind key = KeyKind::other;
  std::uint32_t key_bits = 0;
  std::string fingerprint;  ///< SHA-256 of the leaf, hex
  std::size_t chain_size = 0;

  /// Expired or not begun: a warning, clients decide.
  bool is_valid_at(WallTime now) const { return now >= not_before && now <= not_after; }
};

/// Chain (leaf first) and key as PEM. The Error's detail says what is wrong, in words for a status. Pure; any
/// thread.
Result<CertificateFacts> inspect_certificate(std::string_view chain_pem, std::string_view key_pem);

struct TrustFacts {
  std::size_t certificates = 0;
  std::string fingerprint;  ///< SHA-256 of the text, hex
  WallTime not_after;       ///< of the one that expires first
};
Result<TrustFacts> inspect_ca_bundle(std::string_view pem);

/// Whether `der` is an OCSP response that says "good", and until when.
struct OcspFacts {
  WallTime next_update;  ///< WallTime::max(): none is promised
};
Result<OcspFacts> inspect_ocsp_staple(std::string_view der);

}  // namespace gatehouse::tls

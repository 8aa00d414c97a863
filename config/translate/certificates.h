// SPDX-License-Identifier: Apache-2.0
// Certificates with their keys out of Secrets: certificateRefs of listeners, client certificates.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/ir/tls.h"
#include "config/objects/snapshot.h"
#include "config/translate/reference_grants.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

struct CertificateRef {
  Referrer from;
  const objects::SecretObjectReference& ref;
  std::string where;        ///< object and field of the reference, for messages
  std::string_view reason;  ///< of the owner's condition when the reference is permitted, but of no use
};

struct ResolvedCertificate {
  Verdict verdict;  ///< not ok: RefNotPermitted, or the reason of the reference
  std::shared_ptr<const ir::Certificate> certificate;
  std::int64_t not_after = 0;  ///< Unix seconds
};

/// A chain and a key that fit each other. Permission is checked before anything else is looked at.
ResolvedCertificate resolve_certificate(const objects::Snapshot& snapshot, const ReferenceGrants& grants,
                                        const CertificateRef& ref);

/// The Secret's own part of it; `where` and `reason` as above.
ResolvedCertificate to_certificate(const objects::Secret& secret, const std::string& where,
                                   std::string_view reason);

}  // namespace gatehouse::translate

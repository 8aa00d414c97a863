// SPDX-License-Identifier: Apache-2.0
// Certificate authorities out of ConfigMaps and Secrets: caCertificateRefs of policies, XBackends and
// Gateways.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/ir/tls.h"
#include "config/objects/snapshot.h"
#include "config/translate/memo.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

struct AuthorityRef {
  std::string_view group;
  std::string_view kind;
  std::string name;   ///< "namespace/name"
  std::string where;  ///< object and field of the reference, for messages
};

/// The reasons that the owner's conditions have.
struct AuthorityReasons {
  std::string_view kind;     ///< for a kind that holds none
  std::string_view content;  ///< for what is missing or of no use
};

/// Appends the certificates under ca.crt to `to`. Not ok: `to` is as before.
Verdict add_authorities(const objects::Snapshot& snapshot, const AuthorityRef& ref,
                        const AuthorityReasons& reasons, ir::TrustBundle& to);

/// Null when nothing was added.
std::shared_ptr<const ir::TrustBundle> finish(ir::TrustBundle bundle);

/// What add_authorities() looks at.
void collect_inputs(const objects::Snapshot& snapshot, const AuthorityRef& ref, Inputs& to);

}  // namespace gatehouse::translate

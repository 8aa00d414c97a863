// SPDX-License-Identifier: Apache-2.0
// BackendTLSPolicy: which of them holds for which port of a Service, and what it makes of connections.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/ir/tls.h"
#include "config/objects/snapshot.h"
#include "config/translate/memo.h"
#include "config/translate/policies/attachment.h"

namespace gatehouse::translate {

/// How certificates of a backend are checked, as a policy or an XBackend says it.
struct BackendTls {
  std::shared_ptr<const ir::ClusterTls> tls;  ///< null: unusable, so that requests are refused
  Verdict accepted;
  Verdict resolved_refs;
};

/// `ns` is the namespace that the references are in; `where` names the object and its field.
BackendTls evaluate(const objects::Snapshot& snapshot, const objects::BackendTlsValidation& validation,
                    const std::string& ns, const std::string& where);
/// What evaluate() looks at.
void collect_inputs(const objects::Snapshot& snapshot, const objects::BackendTlsValidation& validation,
                    const std::string& ns, Inputs& to);

/// All policies of one snapshot. Immutable. What did not change since `before` stays the same object there.
class BackendTlsPolicies {
 public:
  struct Policy {
    std::shared_ptr<const objects::BackendTlsPolicy> object;
    Inputs inputs;
    std::shared_ptr<const BackendTls> tls;
  };

  BackendTlsPolicies(const objects::Snapshot& snapshot, const BackendTlsPolicies* before);

  bool empty() const { return policies_.empty(); }
  /// Null where no policy holds: that of the port by its name goes before that of the whole Service.
  std::shared_ptr<const BackendTls> find(const std::string& service, const std::string& port) const;

  /// Whether Service "namespace/name" is to all policies what it was.
  bool still_hold(const objects::Snapshot& snapshot, const std::string& service) const;

  const std::vector<Policy>& policies() const { return policies_; }  ///< by name
  const PolicyAttachments& attachments() const { return attachments_; }

 private:
  std::vector<Policy> policies_;
  PolicyAttachments attachments_;
};

}  // namespace gatehouse::translate

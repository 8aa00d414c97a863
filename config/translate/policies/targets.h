// SPDX-License-Identifier: Apache-2.0
// What a traffic policy may be attached to.
#pragma once

#include <map>
#include <string>

#include "config/translate/draft.h"
#include "config/translate/policies/attachment.h"

namespace gatehouse::translate {

/// Looks targets up in one draft, which it borrows.
class PolicyTargetCheck {
 public:
  explicit PolicyTargetCheck(const Draft& draft);

  Verdict operator()(const PolicyHead& policy, const objects::PolicyTargetReference& ref) const;

 private:
  Verdict check_backend(const PolicyHead& policy, const objects::PolicyTargetReference& ref) const;
  template <typename Route>
  Verdict check_route(const objects::ObjectMap<Route>& routes, const PolicyHead& policy,
                      const objects::PolicyTargetReference& ref) const;
  Verdict check_gateway(const PolicyHead& policy, const objects::PolicyTargetReference& ref) const;
  Verdict check_listener_set(const PolicyHead& policy, const objects::PolicyTargetReference& ref) const;

  const Draft& draft_;
  std::map<std::string, const GatewayDraft*, std::less<>> gateways_;
};

}  // namespace gatehouse::translate

// SPDX-License-Identifier: Apache-2.0
// References to what takes requests: backendRefs of routes, of mirrors and of external authorization.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/snapshot.h"
#include "config/translate/memo.h"
#include "config/translate/reference_grants.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// What a request meets whose backend is an invalid reference (http-rules B9).
inline constexpr std::uint16_t kInvalidBackendStatus = 500;

/// `verdict` is one for the condition ResolvedRefs; `target` is usable while it is good.
struct ResolvedBackend {
  Verdict verdict;
  BackendTarget target;
};

/// Resolves references against one snapshot, which it borrows. Immutable.
class BackendResolver {
 public:
  explicit BackendResolver(const objects::Snapshot& snapshot)
      : snapshot_(snapshot), grants_(snapshot.reference_grants) {}

  const ReferenceGrants& grants() const { return grants_; }

  /// Kind, permission and existence are checked in this order, so that nobody learns about the objects of
  /// other namespaces. `where` names object and field of the reference.
  ResolvedBackend resolve(const Referrer& from, const objects::BackendObjectReference& ref,
                          const std::string& where) const;

  /// Appends all that the outcome of resolve() depends on besides its arguments.
  void collect_inputs(const Referrer& from, const objects::BackendObjectReference& ref, Inputs& to) const;

 private:
  ResolvedBackend resolve_service(const objects::BackendObjectReference& ref, const std::string& name,
                                  const std::string& where) const;
  ResolvedBackend resolve_x_backend(const objects::BackendObjectReference& ref, const std::string& name,
                                    const std::string& where) const;

  const objects::Snapshot& snapshot_;
  ReferenceGrants grants_;
};

}  // namespace gatehouse::translate

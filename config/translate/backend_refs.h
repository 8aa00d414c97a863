// SPDX-License-Identifier: Apache-2.0
// References to what takes requests: backendRefs of routes, of mirrors and of external authorization.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/snapshot.h"
#include "config/translate/memo.h"
#include "config/translate/reference_grants.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

struct BackendTls;

/// What a request meets whose backend is an invalid reference (http-rules B9).
inline constexpr std::uint16_t kInvalidBackendStatus = 500;

/// Who speaks to a backend: the same port may have to be spoken to in several ways.
enum class BackendUse : std::uint8_t {
  http,
  grpc,         ///< HTTP/2 whatever the port says
  stream,       ///< bytes of a TCP connection, or of a TLS connection that ended here
  passthrough,  ///< a TLS connection that is passed through: never encrypted once more
  datagram,
};

/// `verdict` is one for the condition ResolvedRefs; `target` is usable while it is good.
struct ResolvedBackend {
  Verdict verdict;
  BackendTarget target;
  /// The reference is good, but what secures the backend is not: requests are refused.
  bool refused = false;
  std::vector<ServicePortName> secured = {};  ///< the port, where a BackendTLSPolicy holds

  bool is_usable() const { return verdict.ok && !refused; }
};

/// Resolves references against one snapshot, which it borrows. Immutable.
class BackendResolver {
 public:
  explicit BackendResolver(const objects::Snapshot& snapshot);
  /// Policies that did not change are those of the memo, which gets the new ones.
  BackendResolver(const objects::Snapshot& snapshot, Memo& memo);

  const ReferenceGrants& grants() const { return grants_; }
  const BackendTlsPolicies& tls_policies() const { return *tls_; }

  /// Kind, permission and existence are checked in this order, so that nobody learns about the objects of
  /// other namespaces. `where` names object and field of the reference.
  ResolvedBackend resolve(const Referrer& from, const objects::BackendObjectReference& ref, BackendUse use,
                          const std::string& where) const;

  /// The XBackend that `ref` may use: "namespace/name", or nothing.
  std::optional<std::string> x_backend_of(const Referrer& from,
                                          const objects::BackendObjectReference& ref) const;
  /// Whether requests could be sent to it, whoever uses it for what.
  Verdict judge(const objects::XBackend& backend) const;

  /// Appends all that the outcome of resolve() depends on besides its arguments.
  void collect_inputs(const Referrer& from, const objects::BackendObjectReference& ref, Inputs& to) const;

 private:
  struct Reference {
    const objects::BackendObjectReference& ref;
    BackendUse use;
    std::string name;  ///< "namespace/name"
    const std::string& where;
  };
  ResolvedBackend resolve_service(const Reference& reference) const;
  ResolvedBackend resolve_x_backend(const Reference& reference) const;

  /// `owner` names the XBackend in messages.
  BackendTls tls_of(const objects::XBackend& backend, const std::string& owner) const;
  void collect_service(const std::string& name, std::optional<std::int32_t> number, Inputs& to) const;
  void collect_x_backend(const std::string& name, Inputs& to) const;

  const objects::Snapshot& snapshot_;
  ReferenceGrants grants_;
  std::shared_ptr<const BackendTlsPolicies> tls_;
};

}  // namespace gatehouse::translate

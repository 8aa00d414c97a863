// SPDX-License-Identifier: Apache-2.0
// Policy attachment (GEP-713) for any family of policies: what each target gets from which policy.
#pragma once

#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/metadata.h"
#include "config/objects/references.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

inline constexpr std::size_t kMaxPolicyFields = 64;
/// Fields of a family, by their number in its table.
using FieldSet = std::bitset<kMaxPolicyFields>;

/// What attachment has to know of one policy. The object stays with the family.
struct PolicyHead {
  std::string kind;
  const objects::ObjectMeta* meta = nullptr;
  const std::vector<objects::PolicyTargetReference>* target_refs = nullptr;
  FieldSet fields;
  FieldSet overrides;  ///< these win over more specific policies
};

inline constexpr std::uint32_t kNoPolicy = UINT32_MAX;

/// All policies of one target: which of them gives which field, as positions in the family's list.
struct TargetPolicies {
  std::string name;  ///< "HTTPRoute shop/cart rule pay": for people
  std::string key;   ///< "HTTPRoute/shop/cart/pay": for keys of clusters
  FieldSet fields;
  FieldSet overrides;
  std::vector<std::uint32_t> policies;        ///< all that are attached, oldest first
  std::vector<std::uint32_t> field_giver;     ///< by field; empty when `fields` is
  std::vector<std::uint32_t> override_giver;  ///< by field; empty when `overrides` is
};

/// What became of one targetRef of one policy.
struct AttachmentOutcome {
  Verdict verdict;                         ///< not ok: not attached
  const TargetPolicies* target = nullptr;  ///< null when not attached
  FieldSet given;                          ///< of the fields and overrides, those that this policy gives
  FieldSet given_overrides;
};

/// Which fields and overrides of the policies of a target came to bear, and which an override beat.
struct PolicyUse {
  FieldSet effective;
  FieldSet overridden;
  FieldSet effective_overrides;
  FieldSet beaten_overrides;

  PolicyUse& operator|=(const PolicyUse& other);
  bool operator==(const PolicyUse&) const = default;
};
using PolicyUses = std::map<std::string, PolicyUse>;  ///< by TargetPolicies::key
/// Both together.
void add_uses(const PolicyUses& from, PolicyUses& to);

/// Most specific first: backend, rule, route, listener, ListenerSet, Gateway; only those with policies.
using PolicyChain = std::vector<const TargetPolicies*>;

struct FieldGiver {
  std::uint32_t policy = kNoPolicy;
  const TargetPolicies* target = nullptr;
  bool is_override = false;

  explicit operator bool() const { return policy != kNoPolicy; }
};

/// Overrides of the least specific target first, then fields of the most specific one.
FieldGiver giver_of(const PolicyChain& chain, std::size_t field);

/// "Gateway/ns/name" or, with a section, "Gateway/ns/name/section".
std::string target_key(std::string_view kind, std::string_view full_name, std::string_view section = {});

/// All policies of one family, attached. Per target and field the oldest policy wins, then namespace/name.
class PolicyAttachments {
 public:
  /// Says why `ref`, which is in namespace `ns`, cannot be the target of `policy`.
  using Check = std::function<Verdict(const PolicyHead& policy, const objects::PolicyTargetReference& ref)>;

  PolicyAttachments() = default;
  PolicyAttachments(std::span<const PolicyHead> policies, const Check& check);
  PolicyAttachments(const PolicyAttachments&) = delete;
  PolicyAttachments& operator=(const PolicyAttachments&) = delete;

  /// Null when the target has no policy.
  const TargetPolicies* find(std::string_view key) const;
  bool empty() const { return targets_.empty(); }
  /// By policy, then by targetRef.
  const std::vector<std::vector<AttachmentOutcome>>& outcomes() const { return outcomes_; }
  /// Whether some policy names the object at `key` (without section), in vain or not.
  bool name(std::string_view key) const { return references_.contains(key); }
  /// Whether `check` would judge all references to the object as before. `policies` are the same.
  bool still_hold(std::string_view key, std::span<const PolicyHead> policies, const Check& check) const;

 private:
  using Place = std::pair<std::uint32_t, std::size_t>;  ///< policy, targetRef

  void attach(std::uint32_t policy, const PolicyHead& head, const Check& check);

  std::map<std::string, TargetPolicies, std::less<>> targets_;
  std::vector<std::vector<AttachmentOutcome>> outcomes_;
  std::map<std::string, std::vector<Place>, std::less<>> references_;  ///< by the key of the object
};

}  // namespace gatehouse::translate

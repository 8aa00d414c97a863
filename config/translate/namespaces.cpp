// SPDX-License-Identifier: Apache-2.0
#include "config/translate/namespaces.h"

#include "config/translate/label_selector.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kNameLabel = "kubernetes.io/metadata.name";

/// Every namespace carries its own name as a label, also one that was not given.
bool selects_namespace(const objects::LabelSelector& selector, const objects::Snapshot& snapshot,
                       const std::string& ns) {
  const auto found = snapshot.namespaces.find(ns);
  if (found == snapshot.namespaces.end()) return selects(selector, {{kNameLabel, ns}});
  if (found->second->meta.labels.contains(kNameLabel)) return selects(selector, found->second->meta.labels);
  Labels labels = found->second->meta.labels;
  labels.emplace(kNameLabel, ns);
  return selects(selector, labels);
}

/// A selector that is not given selects nothing; an empty one everything (metav1.LabelSelector).
template <typename Rule>
bool admits(const objects::Snapshot& snapshot, const Rule& rule, const std::string& own,
            const std::string& ns) {
  if (rule.from == "All") return true;
  if (rule.from == "Same") return ns == own;
  if (rule.from == "Selector") return rule.selector && selects_namespace(*rule.selector, snapshot, ns);
  return false;
}

}  // namespace

bool admits_namespace(const objects::Snapshot& snapshot, const objects::AllowedRoutes& rule,
                      const std::string& own, const std::string& ns) {
  return admits(snapshot, rule, own, ns);
}

bool admits_namespace(const objects::Snapshot& snapshot, const objects::AllowedListeners& rule,
                      const std::string& own, const std::string& ns) {
  return admits(snapshot, rule, own, ns);
}

}  // namespace gatehouse::translate

// SPDX-License-Identifier: Apache-2.0
#include "config/translate/namespaces.h"

#include "config/translate/label_selector.h"

namespace gatehouse::translate {
namespace {

constexpr const char* kNameLabel = "kubernetes.io/metadata.name";

const objects::Namespace* find(const objects::Snapshot& snapshot, const std::string& ns) {
  const auto found = snapshot.namespaces.find(ns);
  return found == snapshot.namespaces.end() ? nullptr : found->second.get();
}

/// A selector that is not given selects nothing; an empty one everything (metav1.LabelSelector).
template <typename Rule>
bool admits(const objects::Snapshot& snapshot, const Rule& rule, const std::string& own,
            const std::string& ns) {
  if (rule.from == "All") return true;
  if (rule.from == "Same") return ns == own;
  if (rule.from == "Selector")
    return rule.selector && selects_namespace(*rule.selector, ns, find(snapshot, ns));
  return false;
}

}  // namespace

bool selects_namespace(const objects::LabelSelector& selector, const std::string& ns,
                       const objects::Namespace* object) {
  if (!object) return selects(selector, {{kNameLabel, ns}});
  if (object->meta.labels.contains(kNameLabel)) return selects(selector, object->meta.labels);
  Labels labels = object->meta.labels;
  labels.emplace(kNameLabel, ns);
  return selects(selector, labels);
}

bool admits_namespace(const objects::Snapshot& snapshot, const objects::AllowedRoutes& rule,
                      const std::string& own, const std::string& ns) {
  return admits(snapshot, rule, own, ns);
}

bool admits_namespace(const objects::Snapshot& snapshot, const objects::AllowedListeners& rule,
                      const std::string& own, const std::string& ns) {
  return admits(snapshot, rule, own, ns);
}

}  // namespace gatehouse::translate

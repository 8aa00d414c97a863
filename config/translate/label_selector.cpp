// SPDX-License-Identifier: Apache-2.0
#include "config/translate/label_selector.h"

#include <algorithm>

namespace gatehouse::translate {
namespace {

bool holds(const objects::LabelSelectorRequirement& requirement, const Labels& labels) {
  const auto label = labels.find(requirement.key);
  const bool present = label != labels.end();
  const auto& values = requirement.values;
  const bool listed = present && std::find(values.begin(), values.end(), label->second) != values.end();
  if (requirement.op == "In") return listed;
  if (requirement.op == "NotIn") return !listed;
  if (requirement.op == "Exists") return present;
  if (requirement.op == "DoesNotExist") return !present;
  return false;
}

}  // namespace

bool selects(const objects::LabelSelector& selector, const Labels& labels) {
  const auto has = [&labels](const auto& wanted) {
    const auto label = labels.find(wanted.first);
    return label != labels.end() && label->second == wanted.second;
  };
  return std::all_of(selector.match_labels.begin(), selector.match_labels.end(), has) &&
         std::all_of(selector.match_expressions.begin(), selector.match_expressions.end(),
                     [&labels](const auto& requirement) { return holds(requirement, labels); });
}

}  // namespace gatehouse::translate

// SPDX-License-Identifier: Apache-2.0
#include "config/translate/condition.h"

namespace gatehouse::translate {

objects::Condition condition_of(const char* type, const Verdict& verdict, std::string_view good_reason,
                                std::string_view good_message) {
  if (verdict.ok) return {type, "True", std::string(good_reason), std::string(good_message), 0};
  return {type, "False", verdict.reason, verdict.message, 0};
}

void observe(std::vector<objects::Condition>& conditions, const objects::ObjectMeta& meta) {
  for (auto& condition : conditions) condition.observed_generation = meta.generation;
}

}  // namespace gatehouse::translate

// SPDX-License-Identifier: Apache-2.0
// Verdicts as status conditions.
#pragma once

#include <string_view>
#include <vector>

#include "config/objects/metadata.h"
#include "config/translate/verdict.h"

namespace gatehouse::translate {

/// A condition that is good when True.
objects::Condition condition_of(const char* type, const Verdict& verdict, std::string_view good_reason,
                                std::string_view good_message);

/// Stamps all conditions with the generation of the object they were found out about.
void observe(std::vector<objects::Condition>& conditions, const objects::ObjectMeta& meta);

}  // namespace gatehouse::translate

// SPDX-License-Identifier: Apache-2.0
#include "config/translate/verdict.h"

#include <utility>

namespace gatehouse::translate {
namespace {

/// A condition's message may have 32 KiB; nobody reads more than a few sentences of it.
constexpr std::size_t kMaxMessages = 8;

}  // namespace

void Findings::add(std::string_view reason, std::string message) {
  ++count_;
  if (verdict_.ok) {
    verdict_ = Verdict::bad(reason, std::move(message));
    return;
  }
  if (count_ <= kMaxMessages) verdict_.message += "; " + message;
  if (count_ == kMaxMessages + 1) verdict_.message += "; and more";
}

}  // namespace gatehouse::translate

// SPDX-License-Identifier: Apache-2.0
// What a pass found out about an object, before it becomes a status condition.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::translate {

/// Good, or the reason and a sentence that names object, field, cause and remedy.
struct Verdict {
  bool ok = true;
  std::string reason;   ///< empty while good
  std::string message;  ///< empty while good
  bool operator==(const Verdict&) const = default;

  static Verdict bad(std::string_view reason, std::string message) {
    return {false, std::string(reason), std::move(message)};
  }
};

/// Gathers what is wrong with one object; the first reason stands, all messages are kept up to a limit.
class Findings {
 public:
  void add(std::string_view reason, std::string message);
  bool empty() const { return verdict_.ok; }
  const Verdict& verdict() const { return verdict_; }

 private:
  Verdict verdict_;
  std::size_t count_ = 0;
};

}  // namespace gatehouse::translate

// SPDX-License-Identifier: Apache-2.0
// What is wrong with something a user wrote, said so that the user can mend it.
#pragma once

#include <cstdint>
#include <string>

namespace gatehouse::objects {

enum class Severity : std::uint8_t {
  error,    ///< the object, document or file is not used
  warning,  ///< it is used, without the part named
};

/// One finding. Texts that do not apply stay empty.
struct Problem {
  Severity severity = Severity::error;
  std::string object;    ///< "HTTPRoute default/demo"
  std::string field;     ///< "spec.rules[0].matches[1].path.value"
  std::string reason;    ///< what is wrong: "must start with '/'"
  std::string fix;       ///< what to do: "write /shop instead of shop"
  std::string location;  ///< "file.yaml:12:7"
  bool operator==(const Problem&) const = default;
};

/// One line without a line end: "file.yaml:12:7: error: HTTPRoute default/demo: spec.x: reason; fix".
/// Control characters are escaped, so a file cannot forge lines of a log.
std::string to_line(const Problem& problem);

}  // namespace gatehouse::objects

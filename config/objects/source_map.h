// SPDX-License-Identifier: Apache-2.0
// Where in the user's file a value of a decoded document stands.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace gatehouse::objects {

/// One step from a value to a part of it: a key of an object or an index of an array.
struct PathStep {
  static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);
  std::string_view key;
  std::size_t index = kNoIndex;

  bool is_index() const { return index != kNoIndex; }
};

/// Asked only for problems, so an answer may cost a search. Objects from an API server have none.
class SourceMap {
 public:
  virtual ~SourceMap() = default;
  /// "file.yaml:12:7" of the value at `path`, or of the nearest parent that is written down.
  virtual std::string locate(std::span<const PathStep> path) const = 0;
};

}  // namespace gatehouse::objects

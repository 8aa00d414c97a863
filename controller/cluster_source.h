// SPDX-License-Identifier: Apache-2.0
// What informers deliver, into the object store.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/objects/object_store.h"
#include "config/objects/problem.h"
#include "controller/delivery.h"

namespace gatehouse::controller {

/// An object that cannot be decoded leaves its last good version in place (K11); a list of all there is
/// replaces a kind at once (K4). The store must outlive it. Thread: the store's.
class ClusterSource {
 public:
  explicit ClusterSource(objects::ObjectStore& store) : store_(store) {}

  /// Returns whether the store's snapshot changed.
  bool take(const Delivery& delivery);

  /// Those of `delivery` that have not been there before; the log gets each once.
  std::vector<objects::Problem> fresh_problems();
  /// That hold now.
  std::vector<objects::Problem> problems() const;

 private:
  using ByName = std::map<std::string, std::vector<objects::Problem>>;

  bool replace_all(const std::string& source, const Delivery& delivery);
  bool change(const std::string& source, const Delivery& delivery);
  void note(const Delivery& delivery);

  objects::ObjectStore& store_;
  std::map<std::string, ByName> problems_;  ///< by kind
  std::vector<objects::Problem> fresh_;
};

}  // namespace gatehouse::controller

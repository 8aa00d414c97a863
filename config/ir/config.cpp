// SPDX-License-Identifier: Apache-2.0
// Equality of configurations: by value, with shared parts compared by pointer first.
#include "config/ir/config.h"

#include <algorithm>

namespace gatehouse::ir {
namespace {

template <typename T>
bool same(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
  return a == b || (a && b && *a == *b);
}

template <typename T>
bool same_lists(const std::vector<std::shared_ptr<const T>>& a,
                const std::vector<std::shared_ptr<const T>>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same<T>);
}

}  // namespace

bool operator==(const Attachment& a, const Attachment& b) {
  return same(a.route, b.route) && a.hostnames == b.hostnames;
}

bool operator==(const Config& a, const Config& b) {
  return same_lists(a.listeners, b.listeners) && same_lists(a.clusters, b.clusters);
}

}  // namespace gatehouse::ir

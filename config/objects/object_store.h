// SPDX-License-Identifier: Apache-2.0
// Everything that is known, from all sources: files now, API server watches later.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/objects/any_object.h"
#include "config/objects/problem.h"
#include "config/objects/snapshot.h"

namespace gatehouse::objects {

/// Objects by source. An object that comes again with equal content stays the same pointer, so whoever
/// compares two snapshots compares pointers. When several sources give the same object, the first by name
/// wins. Thread: one, the control thread that loads and translates. Snapshots copied from it may go anywhere.
class ObjectStore {
 public:
  ObjectStore();

  /// Replaces all that `source` gave before. The first of two objects with the same identity counts.
  /// Returns whether the snapshot changed.
  bool apply(const std::string& source, const std::vector<AnyObject>& objects);

  /// Adds or replaces single objects of `source`. Returns whether the snapshot changed.
  bool upsert(const std::string& source, const std::vector<AnyObject>& objects);
  /// Takes back what `source` gave under these identities; unknown ones are passed over.
  bool remove(const std::string& source, const std::vector<std::string>& identities);

  const Snapshot& snapshot() const { return snapshot_; }
  /// The feed of the snapshot begins anew: whoever follows it has seen all of it.
  void forget_changes();
  /// Rises with every change of the snapshot.
  std::uint64_t generation() const { return generation_; }
  /// What `source` gave last, used or not, by identity.
  std::vector<AnyObject> contributed(const std::string& source) const;
  /// One problem per object and losing source, each naming both sources.
  std::vector<Problem> conflicts() const;

 private:
  using Candidates = std::map<std::string, AnyObject>;  ///< by source

  bool publish(const std::string& id);
  bool publish_all(const std::set<std::string>& ids);
  void note(const AnyObject& object);

  std::map<std::string, Candidates> by_identity_;
  std::map<std::string, AnyObject> published_;
  std::map<std::string, std::set<std::string>> by_source_;
  std::set<std::string> contested_;  ///< identities with more than one candidate
  Snapshot snapshot_;
  std::uint64_t generation_ = 0;
};

}  // namespace gatehouse::objects

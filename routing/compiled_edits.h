// SPDX-License-Identifier: Apache-2.0
// Header edits of a rule or backend, ready to be applied: ids looked up, packed into as few cache lines as
// they need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "base/header_field.h"
#include "config/ir/filters.h"

namespace gatehouse::routing {

/// Immutable, any thread; without edits a null pointer. One block: counts, then per edit its id and sizes,
/// then all texts. At a large table's rate of cold memory the lines it takes are what it costs.
class CompiledEdits {
 public:
  struct Counts {
    std::uint32_t set = 0;
    std::uint32_t add = 0;
    std::uint32_t remove = 0;
    std::uint32_t all() const { return set + add + remove; }
  };

  CompiledEdits() = default;
  explicit CompiledEdits(const ir::HeaderModifier& modifier);

  bool empty() const { return block_ == nullptr; }
  /// Not for empty edits.
  Counts counts() const;
  /// Writes counts().all() fields, those to set first, then those to add, then names to remove. The texts are
  /// the block's.
  void unpack(HeaderField* to) const;
  /// The first lines of the block.
  void prefetch() const {
    if (!block_) return;
    __builtin_prefetch(block_.get());
    __builtin_prefetch(block_.get() + kLine);
  }

 private:
  static constexpr std::size_t kLine = 64;
  struct Free {
    void operator()(char* block) const { ::operator delete (block, std::align_val_t{kLine}); }
  };

  std::unique_ptr<char, Free> block_;
};

}  // namespace gatehouse::routing

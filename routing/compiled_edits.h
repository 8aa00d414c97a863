// SPDX-License-Identifier: Apache-2.0
// Header edits of a rule or backend, ready to be applied: ids looked up, all in one block of memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/header_field.h"
#include "config/ir/filters.h"

namespace gatehouse::routing {

/// Immutable, any thread; empty costs a null pointer. The fields' texts lie in the block too.
class CompiledEdits {
 public:
  CompiledEdits() = default;
  explicit CompiledEdits(const ir::HeaderModifier& modifier);

  bool empty() const { return block_ == nullptr; }
  std::span<const HeaderField> set() const { return {fields(), set_}; }
  std::span<const HeaderField> add() const { return {fields() + set_, add_}; }
  std::span<const HeaderField> remove() const { return {fields() + set_ + add_, remove_}; }
  /// The first lines of the block; a null pointer does no harm.
  void prefetch() const {
    __builtin_prefetch(block_.get());
    __builtin_prefetch(block_.get() + 64);
    __builtin_prefetch(block_.get() + 128);
  }

 private:
  struct Free {
    void operator()(std::byte* block) const { ::operator delete(block); }
  };
  const HeaderField* fields() const { return reinterpret_cast<const HeaderField*>(block_.get()); }

  std::unique_ptr<std::byte, Free> block_;
  std::uint32_t set_ = 0;
  std::uint32_t add_ = 0;
  std::uint32_t remove_ = 0;
};

}  // namespace gatehouse::routing

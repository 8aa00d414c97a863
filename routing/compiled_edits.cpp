// SPDX-License-Identifier: Apache-2.0
#include "routing/compiled_edits.h"

#include <cstring>
#include <string_view>

namespace gatehouse::routing {
namespace {

struct Entry {
  std::uint32_t value_size;
  std::uint16_t name_size;
  FieldId id;
};
static_assert(sizeof(Entry) == 8);

/// Header names are at most 256 characters, values 4,096 (the schema of HTTPHeader).
Entry entry_of(std::string_view name, std::string_view value) {
  return {static_cast<std::uint32_t>(value.size()), static_cast<std::uint16_t>(name.size()), field_id(name)};
}

/// Calls `visit(name, value)` for every edit in the block's order.
template <typename Visit>
void each(const ir::HeaderModifier& modifier, Visit visit) {
  for (const auto& field : modifier.set) visit(field.name, field.value);
  for (const auto& field : modifier.add) visit(field.name, field.value);
  for (const auto& name : modifier.remove) visit(name, std::string_view());
}

}  // namespace

CompiledEdits::CompiledEdits(const ir::HeaderModifier& modifier) {
  if (modifier.empty()) return;
  const Counts counts{static_cast<std::uint32_t>(modifier.set.size()),
                      static_cast<std::uint32_t>(modifier.add.size()),
                      static_cast<std::uint32_t>(modifier.remove.size())};
  const std::size_t texts_at = sizeof counts + counts.all() * sizeof(Entry);
  std::size_t size = texts_at;
  each(modifier, [&](std::string_view name, std::string_view value) { size += name.size() + value.size(); });
  block_.reset(static_cast<char*>(::operator new (size, std::align_val_t{kLine})));

  std::memcpy(block_.get(), &counts, sizeof counts);
  char* entry_at = block_.get() + sizeof counts;
  char* text_at = block_.get() + texts_at;
  each(modifier, [&](std::string_view name, std::string_view value) {
    const Entry entry = entry_of(name, value);
    std::memcpy(entry_at, &entry, sizeof entry);
    entry_at += sizeof entry;
    text_at += name.copy(text_at, name.size());
    text_at += value.copy(text_at, value.size());
  });
}

CompiledEdits::Counts CompiledEdits::counts() const {
  Counts counts;
  std::memcpy(&counts, block_.get(), sizeof counts);
  return counts;
}

void CompiledEdits::unpack(HeaderField* to) const {
  const std::uint32_t all = counts().all();
  const char* entry_at = block_.get() + sizeof(Counts);
  const char* text_at = entry_at + all * sizeof(Entry);
  for (std::uint32_t i = 0; i < all; ++i, entry_at += sizeof(Entry)) {
    Entry entry;
    std::memcpy(&entry, entry_at, sizeof entry);
    const std::string_view name(text_at, entry.name_size);
    const std::string_view value(text_at + entry.name_size, entry.value_size);
    new (to + i) HeaderField{name, value, entry.id};
    text_at += name.size() + value.size();
  }
}

}  // namespace gatehouse::routing

// SPDX-License-Identifier: Apache-2.0
#include "routing/compiled_edits.h"

#include <cstring>
#include <new>

namespace gatehouse::routing {
namespace {

/// Appends fields and, behind all of them, their texts.
class BlockWriter {
 public:
  BlockWriter(std::byte* block, std::size_t fields)
      : field_(reinterpret_cast<HeaderField*>(block)),
        text_(reinterpret_cast<char*>(block) + fields * sizeof(HeaderField)) {}

  void write(std::string_view name, std::string_view value) {
    const auto copied_name = copy(name);
    const auto copied_value = copy(value);
    new (field_++) HeaderField{copied_name, copied_value, field_id(name)};
  }

 private:
  std::string_view copy(std::string_view text) {
    char* to = text_;
    text.copy(to, text.size());
    text_ += text.size();
    return {to, text.size()};
  }

  HeaderField* field_;
  char* text_;
};

std::size_t text_size(const ir::HeaderModifier& modifier) {
  std::size_t size = 0;
  for (const auto* list : {&modifier.set, &modifier.add})
    for (const auto& value : *list) size += value.name.size() + value.value.size();
  for (const auto& name : modifier.remove) size += name.size();
  return size;
}

}  // namespace

CompiledEdits::CompiledEdits(const ir::HeaderModifier& modifier) {
  if (modifier.empty()) return;
  set_ = static_cast<std::uint32_t>(modifier.set.size());
  add_ = static_cast<std::uint32_t>(modifier.add.size());
  remove_ = static_cast<std::uint32_t>(modifier.remove.size());
  const std::size_t fields = std::size_t{set_} + add_ + remove_;
  block_.reset(static_cast<std::byte*>(::operator new(fields * sizeof(HeaderField) + text_size(modifier))));
  BlockWriter writer(block_.get(), fields);
  for (const auto& value : modifier.set) writer.write(value.name, value.value);
  for (const auto& value : modifier.add) writer.write(value.name, value.value);
  for (const auto& name : modifier.remove) writer.write(name, {});
}

}  // namespace gatehouse::routing

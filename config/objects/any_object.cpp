// SPDX-License-Identifier: Apache-2.0
// Identity and equality over all kinds.
#include "config/objects/any_object.h"

#include <fmt/format.h>

#include <type_traits>

namespace gatehouse::objects {

std::string identity(std::string_view kind, const ObjectMeta& meta) {
  return fmt::format("{} {}", kind, meta.full_name());
}

std::string identity(const AnyObject& object) {
  return std::visit(
      [](const auto& pointer) {
        using Object = std::decay_t<decltype(*pointer)>;
        return identity(Object::kKind, pointer->meta);
      },
      object);
}

bool equal_content(const AnyObject& a, const AnyObject& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&b](const auto& pointer) {
        const auto& other = std::get<std::decay_t<decltype(pointer)>>(b);
        return pointer == other || *pointer == *other;
      },
      a);
}

}  // namespace gatehouse::objects

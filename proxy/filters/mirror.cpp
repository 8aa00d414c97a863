// SPDX-License-Identifier: Apache-2.0
// The share by dice, and the copied head.
#include "proxy/filters/mirror.h"

#include <algorithm>

namespace gatehouse::proxy {

bool takes_part(const ir::Mirror& mirror, const http::RequestHead& head, std::uint64_t dice) {
  if (!head.upgrade.empty() || mirror.cluster.empty()) return false;
  if (mirror.numerator >= mirror.denominator) return true;
  return dice % mirror.denominator < mirror.numerator;
}

void write_mirror(http::RequestHead& copy, const http::RequestHead& head, const http::Framing& framing) {
  copy = head;
  copy.framing = framing;
  copy.expects_continue = false;
  std::erase_if(copy.fields, [](const HeaderField& field) { return field.id == FieldId::expect; });
}

}  // namespace gatehouse::proxy

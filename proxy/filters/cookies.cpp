// SPDX-License-Identifier: Apache-2.0
// cookie-string of RFC 6265 4.2.1, read as leniently as browsers and servers do.
#include "proxy/filters/cookies.h"

#include "base/text.h"

namespace gatehouse::proxy {
namespace {

std::string_view unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

}  // namespace

std::optional<std::string_view> CookieValues::next() {
  for (;;) {
    while (!rest_.empty()) {
      const auto end = rest_.find(';');
      const auto pair = trim(rest_.substr(0, end));
      rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name_) continue;
      return unquoted(trim(pair.substr(equals + 1)));
    }
    while (index_ < fields_.size() && fields_[index_].id != FieldId::cookie) ++index_;
    if (index_ == fields_.size()) return std::nullopt;
    rest_ = fields_[index_++].value;
  }
}

}  // namespace gatehouse::proxy

// SPDX-License-Identifier: Apache-2.0
// Looks a cookie up in a request's Cookie fields.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "proxy/http/message.h"

namespace gatehouse::proxy {

/// The values of all cookies of one name, in the order they came; names count by case. Views into `fields`,
/// which must not change meanwhile. Allocates nothing.
class CookieValues {
 public:
  CookieValues(const http::HeaderList& fields, std::string_view name) : fields_(fields), name_(name) {}
  std::optional<std::string_view> next();

 private:
  const http::HeaderList& fields_;
  std::string_view name_;
  std::size_t index_ = 0;  ///< of the field to look at when `rest_` is used up
  std::string_view rest_;
};

}  // namespace gatehouse::proxy

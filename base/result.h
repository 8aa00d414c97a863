// SPDX-License-Identifier: Apache-2.0
// Errors as values on the data path: what went wrong, whose side it is, whether a retry is allowed.
#pragma once

#include <cassert>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

namespace gatehouse {

enum class Fault : std::uint8_t {
  bad_request,  ///< the peer broke a rule of its protocol
  too_large,    ///< a limit of ours was exceeded
  refused,      ///< nothing listens there, or we may not connect
  unreachable,  ///< no usable endpoint
  timeout,      ///< a deadline passed
  closed,       ///< the peer ended the connection in an orderly way
  reset,        ///< the connection broke
  cancelled,    ///< the other side of the exchange went away
  overload,     ///< a limit of ours on work in flight was reached
  system,       ///< the operating system refused (descriptors, memory)
  internal,     ///< a bug of ours
};

enum class Side : std::uint8_t { downstream, upstream, internal };

enum class Retry : std::uint8_t {
  never,
  if_reused,  ///< only when the connection had served before: the peer may have closed it while idle
  safe,       ///< nothing of the request was processed
};

/// One failure. `detail` points to static text, so an Error is three words and never allocates.
struct Error {
  Fault fault = Fault::internal;
  Side side = Side::internal;
  Retry retry = Retry::never;
  std::string_view detail;
};

/// A value or an Error. `*r` and `r->` need a prior check, as with std::optional.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}       // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, error) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(error), ok_(false) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const { return error_; }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace gatehouse

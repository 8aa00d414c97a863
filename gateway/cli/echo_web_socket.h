// SPDX-License-Identifier: Apache-2.0
// The WebSocket side of the demo backend.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

namespace gatehouse::gateway {

/// Accepts the upgrade and sends every message back until the peer closes. `stream` is of no use afterwards.
boost::asio::awaitable<void> echo_messages(boost::beast::tcp_stream& stream,
                                           boost::beast::http::request_header<> head);

}  // namespace gatehouse::gateway

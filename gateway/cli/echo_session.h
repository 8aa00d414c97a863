// SPDX-License-Identifier: Apache-2.0
// One connection of the demo backend.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

namespace gatehouse::gateway {

/// Serves requests until the peer or an error ends the connection. `pod` outlives it.
boost::asio::awaitable<void> serve_echo(boost::asio::ip::tcp::socket socket, const std::string& pod);

}  // namespace gatehouse::gateway

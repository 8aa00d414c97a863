// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/echo_web_socket.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstddef>
#include <utility>

namespace gatehouse::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

constexpr std::size_t kMaxMessage = 64 << 20;

asio::awaitable<void> echo_messages(beast::tcp_stream& stream, http::request_header<> head) {
  const http::request<http::empty_body> request(std::move(head));
  boost::system::error_code error;
  stream.expires_never();  // the WebSocket layer has timeouts of its own
  websocket::stream<beast::tcp_stream&, false> socket(stream);
  socket.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
  socket.read_message_max(kMaxMessage);
  co_await socket.async_accept(request, asio::redirect_error(asio::use_awaitable, error));
  beast::flat_buffer message;
  while (!error) {
    co_await socket.async_read(message, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    socket.text(socket.got_text());
    co_await socket.async_write(message.cdata(), asio::redirect_error(asio::use_awaitable, error));
    message.consume(message.size());
  }
}

}  // namespace gatehouse::gateway

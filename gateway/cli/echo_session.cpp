// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/echo_session.h"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <chrono>
#include <cstring>
#include <vector>

#include "gateway/cli/echo_answers.h"
#include "gateway/cli/echo_server.h"
#include "gateway/cli/echo_web_socket.h"

namespace gatehouse::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeaderBytes = 256 * 1024;
constexpr std::size_t kReadBlock = 32 * 1024;
constexpr std::size_t kWriteBlock = 128 * 1024;
constexpr auto kPatience = std::chrono::seconds(300);

using Parser = http::request_parser<http::buffer_body>;
using Done = asio::awaitable<bool>;  ///< whether the connection is still good

/// Only where it differs from the version's default.
std::string_view connection_field(const Parser& parser) {
  const bool keeps = parser.get().keep_alive();
  if (parser.get().version() < 11) return keeps ? "Connection: keep-alive\r\n" : "";
  return keeps ? "" : "Connection: close\r\n";
}

/// Everything of a response but its body. `fields` are lines with their ends.
std::string head_of(const Parser& parser, http::status status, std::string_view fields) {
  const auto reason = http::obsolete_reason(status);
  return fmt::format("HTTP/1.{} {} {}\r\nServer: gatehouse-echo\r\n{}{}\r\n", parser.get().version() % 10,
                     static_cast<unsigned>(status), std::string_view(reason.data(), reason.size()), fields,
                     connection_field(parser));
}

/// The coroutines of one connection; lives in serve_echo's frame.
class EchoSession {
 public:
  EchoSession(tcp::socket socket, const std::string& pod);

  asio::awaitable<void> run();

 private:
  Done serve_one();
  Done parse_some(Parser& parser);
  Done read_body(Parser& parser);
  Done answer(const Parser& parser);
  Done answer_status(const Parser& parser, std::uint64_t number);
  Done send_text(const Parser& parser, http::status status, std::string body);
  Done send_bytes(const Parser& parser, std::uint64_t size);
  Done send_chunks(const Parser& parser, std::uint64_t count);
  Done send(std::string_view bytes);
  Done delay(std::uint64_t milliseconds);

  /// Names the completion token; `error_` holds the outcome afterwards.
  auto token() { return asio::redirect_error(asio::use_awaitable, error_); }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  const std::string& pod_;
  std::string remote_;
  error_code error_;
  std::uint64_t body_bytes_ = 0;
  std::string body_checksum_;
};

EchoSession::EchoSession(tcp::socket socket, const std::string& pod) : stream_(std::move(socket)), pod_(pod) {
  error_code error;
  const auto remote = stream_.socket().remote_endpoint(error);
  if (!error) remote_ = remote.address().to_string();
  stream_.socket().set_option(tcp::no_delay(true), error);
}

asio::awaitable<void> EchoSession::run() {
  bool good = true;
  while (good) good = co_await serve_one();
}

Done EchoSession::serve_one() {
  Parser parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(boost::none);
  while (!parser.is_header_done()) {
    const bool parsed = co_await parse_some(parser);
    if (!parsed) co_return false;
  }
  if (websocket::is_upgrade(parser.get())) {
    co_await echo_messages(stream_, parser.get().base());
    co_return false;
  }
  const bool body_read = co_await read_body(parser);
  if (!body_read) co_return false;
  const bool answered = co_await answer(parser);
  co_return answered&& parser.get().keep_alive();
}

/// Feeds the parser with what is at hand, or else with one read.
Done EchoSession::parse_some(Parser& parser) {
  if (buffer_.size() > 0) {
    buffer_.consume(parser.put(buffer_.cdata(), error_));
    if (error_ != http::error::need_more) co_return !error_ || error_ == http::error::need_buffer;
  }
  stream_.expires_after(kPatience);
  const auto size = co_await stream_.async_read_some(buffer_.prepare(kReadBlock), token());
  buffer_.commit(size);
  co_return !error_;
}

Done EchoSession::read_body(Parser& parser) {
  body_bytes_ = 0;
  const bool wanted = read_echo_command(parser.get().target()).action == EchoAction::upload;
  Checksum checksum;
  if (!parser.is_done() && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    const bool sent = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) co_return false;
  }
  std::vector<char> block(parser.is_done() ? 0 : kReadBlock);
  while (!parser.is_done()) {
    parser.get().body().data = block.data();
    parser.get().body().size = block.size();
    const bool parsed = co_await parse_some(parser);
    if (!parsed) co_return false;
    const auto size = block.size() - parser.get().body().size;
    if (wanted) checksum.add({block.data(), size});
    body_bytes_ += size;
  }
  if (wanted) body_checksum_ = checksum.finish();
  co_return true;
}

Done EchoSession::answer(const Parser& parser) {
  const auto& head = parser.get().base();
  const auto [action, number] = read_echo_command(head.target());
  switch (action) {
    case EchoAction::describe:
      break;
    case EchoAction::version:
      co_return co_await send_text(parser, http::status::ok, version_text());
    case EchoAction::status:
      co_return co_await answer_status(parser, number);
    case EchoAction::bytes:
      co_return co_await send_bytes(parser, number);
    case EchoAction::chunked:
      co_return co_await send_chunks(parser, number);
    case EchoAction::bad_number:
      co_return co_await send_text(parser, http::status::bad_request,
                                   error_text("the number is out of range"));
    case EchoAction::upload:
      co_return co_await send_text(parser, http::status::ok, upload_text(body_bytes_, body_checksum_));
    case EchoAction::delay: {
      const bool waited = co_await delay(number);
      if (!waited) co_return false;
    }
  }
  co_return co_await send_text(parser, http::status::ok, describe_request(head, pod_, remote_, body_bytes_));
}

Done EchoSession::delay(std::uint64_t milliseconds) {
  asio::steady_timer timer(stream_.get_executor(), std::chrono::milliseconds(milliseconds));
  co_await timer.async_wait(token());
  co_return !error_;
}

Done EchoSession::answer_status(const Parser& parser, std::uint64_t number) {
  const auto status = static_cast<http::status>(number);
  if (number == 204 || number == 304) co_return co_await send(head_of(parser, status, ""));
  if (number == 205) co_return co_await send(head_of(parser, status, "Content-Length: 0\r\n"));
  const auto& head = parser.get().base();
  std::string text = describe_request(head, pod_, remote_, body_bytes_);
  co_return co_await send_text(parser, status, std::move(text));
}

Done EchoSession::send_text(const Parser& parser, http::status status, std::string body) {
  const auto fields = fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  auto message = head_of(parser, status, fields);
  if (parser.get().method() != http::verb::head) message += body;
  co_return co_await send(message);
}

Done EchoSession::send(std::string_view bytes) {
  stream_.expires_after(kPatience);
  co_await asio::async_write(stream_, asio::const_buffer(bytes.data(), bytes.size()), token());
  co_return !error_;
}

Done EchoSession::send_bytes(const Parser& parser, std::uint64_t size) {
  const auto fields = fmt::format("Content-Type: application/octet-stream\r\nContent-Length: {}\r\n", size);
  const bool sent = co_await send(head_of(parser, http::status::ok, fields));
  if (!sent || parser.get().method() == http::verb::head) co_return sent;

  std::vector<char> block(std::min<std::uint64_t>(size, kWriteBlock));
  for (std::uint64_t offset = 0; offset < size; offset += block.size()) {
    const auto part = std::min<std::uint64_t>(block.size(), size - offset);
    fill_demo_bytes(offset, std::span(block.data(), part));
    const std::string_view piece(block.data(), part);
    const bool part_sent = co_await send(piece);
    if (!part_sent) co_return false;
  }
  co_return true;
}

Done EchoSession::send_chunks(const Parser& parser, std::uint64_t count) {
  if (parser.get().version() < 11)
    co_return co_await send_text(parser, http::status::bad_request, error_text("chunks need HTTP/1.1"));
  constexpr std::string_view kFields =
      "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n";
  const bool sent = co_await send(head_of(parser, http::status::ok, kFields));
  if (!sent || parser.get().method() == http::verb::head) co_return sent;

  Checksum checksum;
  for (std::uint64_t at = 0; at < count; ++at) {
    const auto text = fmt::format("chunk {}\n", at);
    checksum.add(text);
    const bool chunk_sent = co_await send(fmt::format("{:x}\r\n{}\r\n", text.size(), text));
    if (!chunk_sent) co_return false;
  }
  co_return co_await send(fmt::format("0\r\nX-Checksum: {}\r\n\r\n", checksum.finish()));
}

}  // namespace

asio::awaitable<void> serve_echo(tcp::socket socket, const std::string& pod) {
  EchoSession session(std::move(socket), pod);
  co_await session.run();
}

void fill_demo_bytes(std::uint64_t offset, std::span<char> to) {
  constexpr std::uint64_t kOddFactor = 0x9e3779b97f4a7c15;
  std::uint64_t word = offset / sizeof(std::uint64_t);
  for (; !to.empty(); ++word) {
    const std::uint64_t value = (word + 1) * kOddFactor;
    const auto part = std::min(to.size(), sizeof value);
    std::memcpy(to.data(), &value, part);
    to = to.subspan(part);
  }
}

}  // namespace gatehouse::gateway

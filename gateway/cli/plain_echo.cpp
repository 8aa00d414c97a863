// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/plain_echo.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstring>
#include <list>
#include <thread>
#include <vector>

namespace gatehouse::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

constexpr std::size_t kLargestDatagram = 64 * 1024;
constexpr auto kAcceptPause = std::chrono::milliseconds(50);

auto with(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

template <typename Endpoint>
Endpoint endpoint_of(const SocketAddress& address) {
  sockaddr_storage storage{};
  const auto size = address.write(storage);
  Endpoint endpoint;
  std::memcpy(endpoint.data(), &storage, size);
  endpoint.resize(size);
  return endpoint;
}

template <typename Socket>
PlainEcho::Started started(const Socket& socket, const SocketAddress& wanted, error_code error) {
  if (error) return "cannot listen on " + wanted.to_string() + ": " + error.message();
  return SocketAddress{wanted.ip, socket.local_endpoint(error).port()};
}

asio::awaitable<void> send_back(tcp::socket socket) {
  std::vector<char> bytes(16 * 1024);
  error_code error;
  while (!error) {
    const auto size = co_await socket.async_read_some(asio::buffer(bytes), with(error));
    if (error) break;
    co_await asio::async_write(socket, asio::buffer(bytes.data(), size), with(error));
  }
  if (error == asio::error::eof) socket.shutdown(tcp::socket::shutdown_send, error);
}

asio::awaitable<void> accept_all(tcp::acceptor& acceptor) {
  for (;;) {
    error_code error;
    auto socket = co_await acceptor.async_accept(with(error));
    if (!error) {
      asio::co_spawn(acceptor.get_executor(), send_back(std::move(socket)), asio::detached);
      continue;
    }
    // Out of descriptors: the connection waits in the backlog until one is free.
    asio::steady_timer pause(acceptor.get_executor(), kAcceptPause);
    co_await pause.async_wait(with(error));
  }
}

asio::awaitable<void> send_back_all(udp::socket& socket) {
  std::vector<char> bytes(kLargestDatagram);
  for (;;) {
    udp::endpoint from;
    error_code error;
    const auto size = co_await socket.async_receive_from(asio::buffer(bytes), from, with(error));
    if (!error) co_await socket.async_send_to(asio::buffer(bytes.data(), size), from, with(error));
  }
}

}  // namespace

/// Everything ends with the io_context.
class PlainEcho::Service {
 public:
  ~Service() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Started listen_tcp(const SocketAddress& address) {
    auto& acceptor = acceptors_.emplace_back(io_);
    const auto endpoint = endpoint_of<tcp::endpoint>(address);
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) asio::co_spawn(io_, accept_all(acceptor), asio::detached);
    return started(acceptor, address, error);
  }

  Started listen_udp(const SocketAddress& address) {
    auto& socket = sockets_.emplace_back(io_);
    const auto endpoint = endpoint_of<udp::endpoint>(address);
    error_code error;
    socket.open(endpoint.protocol(), error);
    if (!error) socket.bind(endpoint, error);
    if (!error) asio::co_spawn(io_, send_back_all(socket), asio::detached);
    return started(socket, address, error);
  }

  void run() {
    thread_ = std::thread([this] { io_.run(); });
  }

 private:
  asio::io_context io_;
  std::list<tcp::acceptor> acceptors_;
  std::list<udp::socket> sockets_;
  std::thread thread_;
};

PlainEcho::PlainEcho() : service_(std::make_unique<Service>()) {}
PlainEcho::~PlainEcho() = default;

PlainEcho::Started PlainEcho::listen_tcp(const SocketAddress& address) {
  return service_->listen_tcp(address);
}
PlainEcho::Started PlainEcho::listen_udp(const SocketAddress& address) {
  return service_->listen_udp(address);
}
void PlainEcho::run() {
  service_->run();
}

}  // namespace gatehouse::gateway

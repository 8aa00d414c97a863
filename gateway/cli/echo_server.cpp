// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/echo_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <thread>
#include <vector>

#include "gateway/cli/echo_session.h"

namespace gatehouse::gateway {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAcceptPause = std::chrono::milliseconds(50);

}  // namespace

/// A connection keeps to its strand; all end with the io_context.
class EchoServer::Service {
 public:
  explicit Service(const EchoOptions& options) : options_(options) {}
  ~Service() { stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  error_code bind() {
    sockaddr_storage address{};
    const auto size = options_.listen.write(address);
    tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), &address, size);
    endpoint.resize(size);
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    return error;
  }

  void run() {
    asio::co_spawn(io_, accept(), asio::detached);
    for (std::size_t at = 0; at < options_.threads; ++at) threads_.emplace_back([this] { io_.run(); });
  }

  void stop() {
    io_.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    error_code ignored;
    acceptor_.close(ignored);
  }

  std::uint16_t port() const { return port_; }

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      error_code error;
      auto strand = asio::make_strand(io_);
      auto socket = co_await acceptor_.async_accept(strand, asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        asio::co_spawn(strand, serve_echo(std::move(socket), options_.name), asio::detached);
        continue;
      }
      // Out of descriptors: the connection waits in the backlog until one is free.
      asio::steady_timer pause(io_, kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }

  const EchoOptions options_;
  std::uint16_t port_ = 0;
  asio::io_context io_;
  tcp::acceptor acceptor_{io_};
  std::vector<std::thread> threads_;
};

EchoServer::EchoServer(std::unique_ptr<Service> service) : service_(std::move(service)) {}
EchoServer::~EchoServer() = default;

std::variant<std::unique_ptr<EchoServer>, std::string> EchoServer::start(const EchoOptions& options) {
  auto service = std::make_unique<Service>(options);
  if (const auto error = service->bind())
    return "cannot listen on " + options.listen.to_string() + ": " + error.message();
  service->run();
  return std::unique_ptr<EchoServer>(new EchoServer(std::move(service)));
}

std::uint16_t EchoServer::port() const {
  return service_->port();
}
void EchoServer::stop() {
  service_->stop();
}

}  // namespace gatehouse::gateway

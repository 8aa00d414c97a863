// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/admin_server.h"

#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cstring>
#include <exception>
#include <thread>

#include "gateway/admin/admin_pages.h"

namespace gatehouse::gateway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
constexpr std::uint64_t kMaxBodyBytes = 16 * 1024;
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

Response make_response(const Request& request, AdminExposure exposure, const AdminHooks& hooks) {
  AdminRequest asked;
  asked.method = request.method_string();
  asked.target = request.target();
  if (request.count(http::field::host) == 1) asked.host = request[http::field::host];
  auto answer = answer_admin_request(asked, exposure, hooks);

  Response response(http::int_to_status(answer.status), request.version());
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("x-content-type-options", "nosniff");
  response.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  response.set("referrer-policy", "no-referrer");
  if (answer.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(request.keep_alive());
  const auto size = answer.body.size();
  if (request.method() != http::verb::head) response.body() = std::move(answer.body);
  response.content_length(size);
  return response;
}

}  // namespace

/// Everything runs on one thread; the sessions end with the io_context.
class AdminServer::Service {
 public:
  Service(const AdminOptions& options, AdminHooks hooks)
      : options_(options),
        hooks_(std::move(hooks)),
        exposure_(options.listen.ip.is_loopback() ? AdminExposure::loopback : AdminExposure::network) {}
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
    thread_ = std::thread([this] {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
      io_.run();
    });
  }

  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::uint16_t port() const { return port_; }

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      error_code error;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) {
        // Out of descriptors: the connection waits in the backlog until one is free.
        asio::steady_timer pause(io_, kAcceptPause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (connections_ >= options_.max_connections) continue;
      ++connections_;
      asio::co_spawn(io_, serve(std::move(socket)), [this](const std::exception_ptr&) { --connections_; });
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    for (;;) {
      http::request_parser<http::string_body> parser;
      parser.header_limit(kMaxHeaderBytes);
      parser.body_limit(kMaxBodyBytes);
      stream.expires_after(options_.timeout);
      error_code error;
      co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      auto response = make_response(parser.get(), exposure_, hooks_);
      http::response_serializer<http::string_body> serializer(response);
      const bool head_only = parser.get().method() == http::verb::head;
      stream.expires_after(options_.timeout);
      if (head_only)
        co_await http::async_write_header(stream, serializer,
                                          asio::redirect_error(asio::use_awaitable, error));
      else
        co_await http::async_write(stream, serializer, asio::redirect_error(asio::use_awaitable, error));
      if (error || !response.keep_alive()) break;
    }
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  const AdminOptions options_;
  const AdminHooks hooks_;
  const AdminExposure exposure_;
  std::size_t connections_ = 0;  ///< before io_: counted down when it is destroyed
  std::uint16_t port_ = 0;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  std::thread thread_;
};

AdminServer::AdminServer(std::unique_ptr<Service> service) : service_(std::move(service)) {}
AdminServer::~AdminServer() = default;

std::variant<std::unique_ptr<AdminServer>, std::string> AdminServer::start(const AdminOptions& options,
                                                                           AdminHooks hooks) {
  auto service = std::make_unique<Service>(options, std::move(hooks));
  if (const auto error = service->bind())
    return "admin port: cannot listen on " + options.listen.to_string() + ": " + error.message();
  service->run();
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(service)));
}

std::uint16_t AdminServer::port() const {
  return service_->port();
}
void AdminServer::stop() {
  service_->stop();
}

}  // namespace gatehouse::gateway

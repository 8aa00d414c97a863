// SPDX-License-Identifier: Apache-2.0
// Calls and watches over cpp-httplib.
#include "controller/http_api_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "controller/access_credentials.h"
#include "controller/api_tls.h"
#include "controller/line_buffer.h"
#include "controller/server_url.h"

namespace gatehouse::controller {
namespace {

using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxAnswerBytes = 256u << 20;
constexpr std::size_t kMaxErrorBytes = 64u << 10;
constexpr seconds kStaleWithin{1};  ///< a connection that had been closed fails at once
constexpr int kCallLengths = 4;     ///< an answer may take as many times what it may pause
constexpr seconds kLongestRetryAfter{3600};

// A dead peer is found within 20 + 3 * 10 s when we wait, and within 45 s when we send.
constexpr int kKeepIdle = 20;
constexpr int kKeepInterval = 10;
constexpr int kKeepProbes = 3;
constexpr unsigned kUserTimeoutMs = 45'000;

void set_option(int fd, int level, int name, int value) {
  // A kernel that lacks one of them still serves.
  setsockopt(fd, level, name, &value, sizeof value);
}

seconds watch_time(std::string_view path, Duration otherwise) {
  constexpr std::string_view kParam = "timeoutSeconds=";
  const auto at = path.find(kParam);
  if (at == std::string_view::npos) return std::chrono::ceil<seconds>(otherwise);
  const auto text = path.substr(at + kParam.size());
  const auto value = parse_decimal(text.substr(0, text.find('&')));
  return seconds(std::min<std::uint64_t>(value.value_or(0), 3600));
}

std::optional<std::chrono::milliseconds> retry_after(const httplib::Response& response) {
  const auto value = parse_decimal(trim(response.get_header_value("Retry-After")));
  if (!value) return std::nullopt;
  return std::min(seconds(std::min<std::uint64_t>(*value, INT32_MAX)), kLongestRetryAfter);
}

std::string_view phrase_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

std::string describe(httplib::Error error) {
  using E = httplib::Error;
  switch (error) {
    case E::Connection:
      return "cannot connect";
    case E::ConnectionTimeout:
      return "cannot connect in time";
    case E::Read:
      return "no answer in time, or the connection broke";
    case E::Write:
      return "the connection broke";
    case E::SSLConnection:
      return "the TLS handshake failed";
    case E::Compression:
      return "the answer cannot be decompressed";
    default:
      return httplib::to_string(error);
  }
}

/// One line for people, from a Status object where the server sent one.
void read_status(ApiAnswer& answer, std::string_view phrase, const std::string& title) {
  const auto status = nlohmann::json::parse(answer.body, nullptr, false);
  std::string message;
  if (status.is_object()) {
    const auto reason = status.find("reason");
    if (reason != status.end() && reason->is_string()) answer.reason = reason->get<std::string>();
    const auto text = status.find("message");
    if (text != status.end() && text->is_string()) message = text->get<std::string>();
  }
  if (message.empty()) message = answer.body;
  answer.error =
      fmt::format("{}: {} {}", title, answer.status, answer.reason.empty() ? phrase : answer.reason);
  if (!message.empty()) answer.error += ": " + escaped(message);
}

std::string title_of(const ApiRequest& request) {
  return fmt::format("{} {}", request.method, request.path.substr(0, request.path.find('?')));
}

}  // namespace

struct HttpApiClient::Connection {
  std::unique_ptr<httplib::ClientImpl> client;
  TlsNotes notes;  ///< used by client's context
  std::uint64_t tls_version = 0;
  std::string path_prefix;
};

/// What becomes of the bytes of one answer.
struct HttpApiClient::Exchange {
  seconds pause{};           ///< longest time without a byte
  Steady::time_point until;  ///< for all of it
  bool is_stream = false;
  std::function<bool()> on_begin;                  ///< a good answer comes; false: enough
  std::function<bool(std::string_view)> on_bytes;  ///< of a good answer; false: enough

  int status = 0;
  std::string body{};
  bool had_enough = false;
  std::string refused{};  ///< by us

  bool take(std::string_view bytes);
  bool begin() {
    had_enough = !on_begin();
    return !had_enough;
  }
};

bool HttpApiClient::Exchange::take(std::string_view bytes) {
  if (!is_stream && Steady::now() > until) {
    refused = "the answer takes too long";
    return false;
  }
  if (is_stream && status < 300) {
    had_enough = !on_bytes(bytes);
    return !had_enough;
  }
  if (body.size() + bytes.size() > (status < 300 ? kMaxAnswerBytes : kMaxErrorBytes)) {
    refused = "the answer is too large";
    return false;
  }
  body.append(bytes);
  return true;
}

HttpApiClient::HttpApiClient(const ClusterAccess& access, CredentialReader& credentials, ClientTimes times)
    : access_(access), credentials_(credentials), times_(times) {}

HttpApiClient::~HttpApiClient() {
  connection_.reset();
  forget_socket();
}

void HttpApiClient::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool HttpApiClient::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void HttpApiClient::forget_socket() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

/// Between socket() and connect().
void HttpApiClient::prepare_socket(int fd) {
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdle);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepInterval);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepProbes);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  forget_socket();
  const std::lock_guard lock(mutex_);
  if (stopped_) {
    // Nothing can be connected from here: the call ends at once.
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup3(nowhere, fd, O_CLOEXEC);
    ::close(nowhere);
    return;
  }
  socket_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

HttpApiClient::Connection* HttpApiClient::connection(std::string& error) {
  const auto credentials = credentials_.current();
  if (connection_ && connection_->tls_version == credentials->tls_version) return connection_.get();
  connection_.reset();
  const auto url = parse_server_url(access_.server);
  if (!url) {
    error = fmt::format("{} is no URL of a server", access_.server);
    return nullptr;
  }
  auto made = std::make_unique<Connection>();
  made->tls_version = credentials->tls_version;
  made->path_prefix = url->path;
  if (url->is_tls) {
    auto client = std::make_unique<httplib::SSLClient>(url->host, url->port);
    error = set_up_tls(*client->ssl_context(), access_, *credentials, url->host, made->notes);
    if (!error.empty()) return nullptr;
    client->enable_server_certificate_verification(false);  // the context does it
    made->client = std::move(client);
  } else {
    made->client = std::make_unique<httplib::ClientImpl>(url->host, url->port);
  }
  auto& client = *made->client;
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  client.set_url_encode(false);
  client.set_connection_timeout(times_.connect);
  client.set_write_timeout(times_.call);
  client.set_socket_options([this](int fd) { prepare_socket(fd); });
  connection_ = std::move(made);
  return connection_.get();
}

ApiAnswer HttpApiClient::failure(const ApiRequest& request, const std::string& why) const {
  ApiAnswer answer;
  answer.error = fmt::format("{}: {}", title_of(request), why);
  return answer;
}

ApiAnswer HttpApiClient::exchange(const ApiRequest& request, Exchange& exchange) {
  if (is_stopped()) return failure(request, "stopped");
  std::string wrong;
  auto* const at = connection(wrong);
  if (at == nullptr) return failure(request, wrong);

  httplib::Request sent;
  sent.method = request.method;
  sent.path = at->path_prefix + request.path;
  sent.body = request.body;
  sent.set_header("Accept", request.accept);
  sent.set_header("Accept-Encoding", exchange.is_stream ? "identity" : "gzip");
  sent.set_header("User-Agent", fmt::format("gatehouse/{}", kVersion));
  if (!request.body.empty()) sent.set_header("Content-Type", request.content_type);
  const auto token = credentials_.current()->token;
  if (!token.empty()) sent.set_header("Authorization", "Bearer " + token);
  ApiAnswer answer;
  sent.response_handler = [&](const httplib::Response& response) {
    exchange.status = response.status;
    answer.retry_after = retry_after(response);
    return !exchange.is_stream || response.status >= 300 || exchange.begin();
  };
  sent.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t) {
    return exchange.take({bytes, size});
  };
  at->notes.verify_error.clear();
  at->client->set_read_timeout(exchange.pause);
  const auto result = at->client->send(sent);
  if (!at->client->is_socket_open()) forget_socket();

  answer.status = exchange.status;
  answer.body = std::move(exchange.body);
  if (!result && !exchange.had_enough) {
    auto why = exchange.refused.empty() ? describe(result.error()) : exchange.refused;
    if (!at->notes.verify_error.empty()) why += ": " + at->notes.verify_error;
    if (is_stopped()) why = "stopped";
    auto failed = failure(request, fmt::format("{} ({})", why, access_.server));
    failed.retry_after = answer.retry_after;
    return failed;
  }
  if (!answer.ok()) read_status(answer, phrase_of(answer.status), title_of(request));
  return answer;
}

ApiAnswer HttpApiClient::send(const ApiRequest& request) {
  const auto fresh = [&] {
    Exchange made;
    made.pause = std::chrono::ceil<seconds>(times_.call);
    made.until = Steady::now() + std::chrono::ceil<seconds>(times_.call * kCallLengths);
    return made;
  };
  const bool was_open = connection_ && connection_->client->is_socket_open() > 0;
  const auto began = Steady::now();
  auto first = fresh();
  auto answer = exchange(request, first);
  // The server may have ended an idle connection just when it was used again.
  const bool may_be_stale = was_open && first.status == 0 && request.method == "GET" &&
                            Steady::now() - began < kStaleWithin && !is_stopped();
  if (!may_be_stale) return answer;
  auto second = fresh();
  return exchange(request, second);
}

ApiAnswer HttpApiClient::watch(const ApiRequest& request,
                               const std::function<bool(std::string_view)>& on_line) {
  LineBuffer lines;
  Exchange stream;
  stream.is_stream = true;
  stream.pause = watch_time(request.path, times_.call) + std::chrono::ceil<seconds>(times_.watch_grace);
  bool is_too_long = false;
  stream.on_begin = [&] { return on_line({}); };
  stream.on_bytes = [&](std::string_view bytes) {
    const auto outcome = lines.feed(bytes, on_line);
    is_too_long = outcome == LineBuffer::Outcome::too_long;
    return outcome == LineBuffer::Outcome::more;
  };
  auto answer = exchange(request, stream);
  if (is_too_long) return failure(request, "a line of the watch is too long");
  return answer;
}

}  // namespace gatehouse::controller

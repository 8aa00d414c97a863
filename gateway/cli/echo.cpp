// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/echo.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "gateway/cli/echo_server.h"
#include "gateway/cli/plain_echo.h"

namespace gatehouse::gateway {
namespace {

constexpr int kBadUsage = 2;

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "echo";
  return name.data();
}

int fail(std::string_view why) {
  fmt::print(stderr, "gatehouse echo: {}\n", why);
  return kBadUsage;
}

/// Starts what is asked for and says where; the error is one line.
std::optional<std::string> start_plain(PlainEcho& echo, const std::string& tcp, const std::string& udp) {
  const auto say = [](const char* transport, const PlainEcho::Started& started) {
    if (const auto* at = std::get_if<SocketAddress>(&started))
      fmt::print("gatehouse echo sends back {} on {}\n", transport, at->to_string());
  };
  if (!tcp.empty()) {
    const auto started = echo.listen_tcp(*SocketAddress::parse(tcp));
    if (const auto* error = std::get_if<std::string>(&started)) return *error;
    say("TCP", started);
  }
  if (!udp.empty()) {
    const auto started = echo.listen_udp(*SocketAddress::parse(udp));
    if (const auto* error = std::get_if<std::string>(&started)) return *error;
    say("UDP", started);
  }
  echo.run();
  return std::nullopt;
}

/// Blocked before any thread starts, so that only wait_for_end() sees them.
sigset_t block_end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int run_echo(std::span<const char* const> arguments) {
  CLI::App app("The demo backend: answers every request with what it received, as JSON.", "gatehouse echo");
  std::string listen = "127.0.0.1:8080";
  EchoOptions options;
  options.name = host_name();
  std::string tcp;
  std::string udp;
  const auto* http = app.add_option("--listen", listen,
                                    "address and port, port 0 takes a free one; not used where "
                                    "only --tcp or --udp is given")
                         ->capture_default_str();
  app.add_option("--tcp", tcp, "also (or only) send back what comes over TCP, here");
  app.add_option("--udp", udp, "also (or only) send back what comes over UDP, here");
  app.add_option("--name", options.name, "the \"pod\" in the answers")->capture_default_str();
  app.add_option("--threads", options.threads, "threads that serve")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();

  std::vector<std::string> reversed(arguments.begin(), arguments.end());
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::Error& error) {
    return fail(error.what());
  }
  const bool speaks_http = http->count() != 0 || (tcp.empty() && udp.empty());
  if (!speaks_http) listen.clear();
  for (const auto& [flag, text] : {std::pair("--listen", listen), {"--tcp", tcp}, {"--udp", udp}})
    if (!text.empty() && !SocketAddress::parse(text))
      return fail(fmt::format("{} {}: not an address such as 127.0.0.1:8080 or [::1]:8080", flag, text));

  const auto signals = block_end_signals();
  signal(SIGPIPE, SIG_IGN);
  std::unique_ptr<EchoServer> server;
  if (speaks_http) {
    options.listen = *SocketAddress::parse(listen);
    auto started = EchoServer::start(options);
    if (const auto* error = std::get_if<std::string>(&started)) return fail(*error);
    server = std::move(std::get<std::unique_ptr<EchoServer>>(started));
    fmt::print("gatehouse echo listens on {}\n",
               SocketAddress{options.listen.ip, server->port()}.to_string());
  }
  PlainEcho plain;
  if (const auto error = start_plain(plain, tcp, udp)) return fail(*error);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}

}  // namespace gatehouse::gateway

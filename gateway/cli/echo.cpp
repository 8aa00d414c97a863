// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/echo.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>

#include "gateway/cli/echo_server.h"

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
  app.add_option("--listen", listen, "address and port, port 0 takes a free one")->capture_default_str();
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
  const auto address = SocketAddress::parse(listen);
  if (!address)
    return fail(fmt::format("--listen {}: not an address such as 127.0.0.1:8080 or [::1]:8080", listen));
  options.listen = *address;

  const auto signals = block_end_signals();
  signal(SIGPIPE, SIG_IGN);
  const auto server = EchoServer::start(options);
  if (const auto* error = std::get_if<std::string>(&server)) return fail(*error);
  const auto port = std::get<std::unique_ptr<EchoServer>>(server)->port();
  fmt::print("gatehouse echo listens on {}\n", SocketAddress{options.listen.ip, port}.to_string());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}

}  // namespace gatehouse::gateway

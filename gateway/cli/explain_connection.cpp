// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/explain_connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/yaml_text.h"
#include "config/ir/dump_parts.h"
#include "config/ir/words.h"
#include "gateway/cli/output.h"
#include "gateway/options.h"
#include "proxy/probes.h"
#include "proxy/runtime.h"
#include "proxy/tls_destination.h"

namespace gatehouse::gateway {
namespace {

using Kind = AskedConnection::Kind;

bool is_asked(const proxy::SocketRuntime& socket, const AskedConnection& asked) {
  const auto wanted = asked.kind == Kind::udp ? ir::Transport::udp : ir::Transport::tcp;
  if (socket.transport != wanted) return false;
  if (asked.kind == Kind::tls && !socket.needs_tls()) return false;
  if (!asked.address.empty() && socket.address.ip.to_string() != asked.address) return false;
  const auto has_port = [&asked](const proxy::ListenerRuntime* listener) {
    return listener->config->advertised_port == asked.port;
  };
  return asked.port == 0 || socket.address.port == asked.port ||
         std::any_of(socket.listeners.begin(), socket.listeners.end(), has_port);
}

void answer_tls(const proxy::SocketRuntime& socket, std::string_view name, ConnectionAnswer& answer) {
  const auto found = proxy::find_tls_destination(socket, name);
  using Destination = proxy::TlsDestination::Kind;
  if (found.listener) answer.listener = found.listener->config.get();
  if (found.route) answer.route = found.route->config().get();
  answer.is_served = found.kind != Destination::none;
  switch (found.kind) {
    case Destination::none:
      answer.outcome = found.listener ? "ended: no route of the listener serves the name"
                                      : "ended: no listener serves the name";
      break;
    case Destination::passthrough:
      answer.outcome = "passed through";
      break;
    case Destination::terminate:
      answer.outcome = found.route ? "terminated, then its bytes forwarded" : "terminated, then HTTP";
      break;
  }
}

void answer_plain(const proxy::SocketRuntime& socket, ConnectionAnswer& answer) {
  const auto& listener = socket.first();
  answer.listener = listener.config.get();
  const auto protocol = listener.config->protocol;
  if (protocol == ir::ListenerProtocol::http) {
    answer.is_served = true;
    answer.outcome = "HTTP: requests are routed one by one";
    return;
  }
  const auto* route = listener.l4.find({});
  answer.is_served = route != nullptr;
  answer.outcome = route ? "forwarded" : "closed: the listener has no route";
  if (route) answer.route = route->config().get();
}

std::optional<AskedConnection> asked_by(const Arguments& arguments) {
  AskedConnection asked;
  const auto names = arguments.values("tls-sni");
  auto operands = arguments.operands;
  if (!operands.empty() && operands.front() == "udp") asked.kind = Kind::udp;
  if (!names.empty()) asked.kind = Kind::tls;
  if (!names.empty()) asked.server_name = lower_case(names.back());
  if (asked.kind == Kind::tls && operands.empty()) return asked;
  if (operands.size() != 2 || (asked.kind == Kind::tls && operands.front() != "tcp")) return std::nullopt;
  std::string_view port = operands.back();
  if (const auto colon = port.rfind(':'); colon != std::string_view::npos) {
    const auto address = SocketAddress::parse(port);
    if (!address) return std::nullopt;
    asked.address = address->ip.to_string();
    asked.port = address->port;
    return asked;
  }
  const auto number = parse_decimal(port);
  if (!number || *number == 0 || *number > UINT16_MAX) return std::nullopt;
  asked.port = static_cast<std::uint16_t>(*number);
  return asked;
}

const ir::Cluster* cluster_of(const LoadedFiles& loaded, const std::string& key) {
  for (const auto& cluster : loaded.translation.config->clusters)
    if (cluster->key == key) return cluster.get();
  return nullptr;
}

std::string share_of(const ir::WeightedBackend& backend, const ir::L4Route& route) {
  std::uint64_t total = 0;
  for (const auto& other : route.backends) total += other.weight;
  return total == 0 ? "0 %"
                    : fmt::format("{:.4g} %",
                                  100.0 * static_cast<double>(backend.weight) / static_cast<double>(total));
}

std::vector<std::string> endpoints_of(const LoadedFiles& loaded, const ir::WeightedBackend& backend) {
  std::vector<std::string> endpoints;
  if (const auto* cluster = cluster_of(loaded, backend.cluster))
    for (const auto& endpoint : cluster->endpoints) endpoints.push_back(ir::words(endpoint));
  return endpoints;
}

std::vector<std::string> certificates_of(const ir::Listener& listener) {
  std::vector<std::string> names;
  if (listener.tls)
    for (const auto& certificate : listener.tls->certificates)
      names.push_back(fmt::format("{} (SHA-256 {})", certificate->name, certificate->fingerprint));
  return names;
}

std::string document_of(const LoadedFiles& loaded, const std::vector<ConnectionAnswer>& answers) {
  YamlText out;
  if (!answers.empty()) out.open("answers");
  for (const auto& answer : answers) {
    out.open_item();
    out.field("address", answer.address);
    out.field("outcome", answer.outcome);
    if (answer.listener) {
      out.field("listener", answer.listener->name);
      out.field("protocol", ir::words(answer.listener->protocol));
      ir::text_unless_empty(out, "hostname", answer.listener->hostname);
      out.list("certificates", certificates_of(*answer.listener));
    }
    out.list("other_listeners", answer.other_listeners);
    if (answer.route) {
      out.field("route", answer.route->key);
      if (!answer.route->backends.empty()) out.open("backends");
      for (const auto& backend : answer.route->backends) {
        out.open_item();
        out.field("cluster", backend.cluster);
        out.field("share", share_of(backend, *answer.route));
        out.list("endpoints", endpoints_of(loaded, backend));
        out.close_item();
      }
      if (!answer.route->backends.empty()) out.close();
    }
    out.close_item();
  }
  if (!answers.empty()) out.close();
  return out.take();
}

void print(const LoadedFiles& loaded, const ConnectionAnswer& answer) {
  const auto* listener = answer.listener;
  fmt::print("listener  {}\n", listener ? fmt::format("{} ({}) on {}, hostname {}", listener->name,
                                                      ir::words(listener->protocol), answer.address,
                                                      listener->hostname.empty() ? "any" : listener->hostname)
                                        : "none at " + answer.address);
  for (const auto& other : answer.other_listeners) fmt::print("          not {}\n", other);
  if (listener)
    for (const auto& certificate : certificates_of(*listener)) fmt::print("shows     {}\n", certificate);
  if (answer.route) {
    fmt::print("route     {}\n", answer.route->key);
    for (const auto& backend : answer.route->backends) {
      const auto endpoints = endpoints_of(loaded, backend);
      fmt::print("  {:<8}{}\n          {}\n", share_of(backend, *answer.route),
                 backend.cluster.empty() ? "the reference is not valid: closed" : backend.cluster,
                 endpoints.empty() ? "no endpoint: closed" : fmt::format("{}", fmt::join(endpoints, ", ")));
    }
  }
  fmt::print("answer    {}\n", answer.outcome);
}

}  // namespace

std::vector<ConnectionAnswer> explain_connection(const LoadedFiles& loaded, const file::Settings& settings,
                                                 const AskedConnection& asked) {
  const auto proxy = proxy_settings(settings, {});
  proxy::Probes probes(1);
  routing::Ids clusters, routes;
  proxy::Runtime::Input input{loaded.translation.config, nullptr, {clusters, routes}};
  input.settings = &proxy;
  input.probes = &probes;
  input.generation = 1;
  const auto runtime = proxy::Runtime::build(input);
  std::vector<ConnectionAnswer> answers;
  for (const auto& socket : runtime->sockets()) {
    if (!is_asked(socket, asked)) continue;
    auto& answer = answers.emplace_back();
    answer.address = socket.address.to_string();
    if (socket.needs_tls())
      answer_tls(socket, asked.server_name, answer);
    else
      answer_plain(socket, answer);
    for (const auto* other : socket.listeners)
      if (other->config.get() != answer.listener) answer.other_listeners.push_back(other->config->name);
  }
  return answers;
}

bool asks_for_connection(const Arguments& arguments) {
  const auto& operands = arguments.operands;
  const bool names_transport = !operands.empty() && (operands.front() == "tcp" || operands.front() == "udp");
  return names_transport || !arguments.values("tls-sni").empty();
}

int run_explain_connection(const CommandStart& start) {
  const auto asked = asked_by(start.arguments);
  if (!asked)
    return refuse_arguments("explain", {"give a port, or an address and a port: tcp 192.0.2.1:5432"});
  const auto loaded = load_files(start.settings.files, start.settings);
  print_problems(loaded);
  if (loaded.unreadable) return 2;
  const auto answers = explain_connection(loaded, start.settings, *asked);
  const auto format = start.arguments.value("output", "text");
  if (format != "text") {
    print_document(format, document_of(loaded, answers));
  } else {
    for (const auto& answer : answers) print(loaded, answer);
    if (answers.empty()) fmt::print("answer    none: no such listener is served\n");
  }
  const bool served = std::all_of(answers.begin(), answers.end(), [](const auto& a) { return a.is_served; });
  return served && !answers.empty() ? 0 : 1;
}

}  // namespace gatehouse::gateway

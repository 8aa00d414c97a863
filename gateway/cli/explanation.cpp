// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "config/ir/words.h"
#include "config/translate/route_matches.h"
#include "gateway/options.h"
#include "proxy/exchange/local_reply.h"
#include "proxy/filters/cors.h"
#include "proxy/filters/redirect.h"
#include "proxy/filters/url_rewrite.h"
#include "proxy/http/authority.h"
#include "proxy/http/grpc.h"
#include "proxy/http/http1_codec.h"
#include "proxy/probes.h"
#include "proxy/runtime.h"
#include "routing/explain.h"

namespace gatehouse::gateway {
namespace {

/// A URL or an absolute path, as a request line and a Host.
struct Target {
  std::string authority;  ///< empty: the Host given is all there is
  std::string target;
  std::uint16_t port = 80;
};

std::optional<Target> parse_url(std::string_view url) {
  const bool is_visible =
      std::all_of(url.begin(), url.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f; });
  if (!is_visible) return std::nullopt;
  url = url.substr(0, url.find('#'));
  if (url.starts_with('/')) return Target{{}, std::string(url), 80};
  Target target;
  if (url.starts_with("https://"))
    target.port = 443;
  else if (!url.starts_with("http://"))
    return std::nullopt;
  url.remove_prefix(url.find("//") + 2);
  const auto authority = url.substr(0, url.find_first_of("/?"));
  url.remove_prefix(authority.size());
  target.authority = authority;
  target.target = url.starts_with('/') ? std::string(url) : "/" + std::string(url);
  Arena arena;
  const auto parsed = http::parse_authority(authority, arena);
  if (!parsed) return std::nullopt;
  if (parsed->port != 0) target.port = parsed->port;
  return target;
}

bool names_host(std::string_view line) {
  return equals_ignoring_case(line.substr(0, line.find(':')), "host");
}

/// The bytes a client would send; empty when a header field is no such thing.
std::string head_of(const AskedRequest& asked, const Target& target) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", asked.method, target.target);
  const bool has_host = std::any_of(asked.headers.begin(), asked.headers.end(), names_host);
  if (!has_host) head += fmt::format("Host: {}\r\n", target.authority);
  for (const auto& line : asked.headers) {
    if (line.find(':') == std::string::npos || line.find_first_of("\r\n") != std::string::npos) return {};
    head += line + "\r\n";
  }
  return head + "\r\n";
}

std::string words_of(const routing::Candidate& candidate, const std::string& served_host) {
  using routing::Verdict;
  const auto host = candidate.hostname.empty() ? std::string("any") : std::string(candidate.hostname);
  switch (candidate.verdict) {
    case Verdict::serves:
      return "serves";
    case Verdict::other_host:
      return "none of its hostnames covers the host";
    case Verdict::other_path:
      return "the path does not match";
    case Verdict::other_method:
      return "the method is another";
    case Verdict::other_header:
      return fmt::format("header {} does not match", candidate.name);
    case Verdict::other_query:
      return fmt::format("query parameter {} does not match", candidate.name);
    case Verdict::less_specific_host:
      return fmt::format("hostname {} is less specific than {}", host, served_host);
    case Verdict::lower_path_type:
      return "Exact goes before RegularExpression, that before PathPrefix";
    case Verdict::shorter_path:
      return "its path is shorter";
    case Verdict::without_method:
      return "it names no method";
    case Verdict::fewer_headers:
      return "it names fewer headers";
    case Verdict::fewer_query:
      return "it names fewer query parameters";
    case Verdict::younger:
      return "its route is younger";
    case Verdict::later_name:
      return "its route comes later by namespace and name";
    case Verdict::later_in_route:
      return "it comes later in its route";
  }
  return {};
}

/// What the status of a route says of a field and what is in it; empty when it says nothing.
std::string fault_of(const objects::RouteStatus& status, std::string_view field) {
  for (const auto& parent : status.parents)
    for (const auto& condition : parent.conditions) {
      const auto begin = condition.message.find(field);
      if (begin == std::string::npos) continue;
      const auto end = std::min(condition.message.find("; HTTPRoute ", begin),
                                condition.message.find("; GRPCRoute ", begin));
      return condition.message.substr(begin, end - begin);
    }
  return {};
}

/// Adds the message of each listener of one object that has the port and is not served.
template <typename Object, typename Status>
void add_unserved(const Object& object, const Status& status, std::uint16_t port,
                  std::vector<std::string>& messages) {
  for (const auto& spec : object.listeners) {
    if (spec.port != port) continue;
    for (const auto& listener : status.listeners)
      for (const auto& condition : listener.conditions)
        if (listener.name == spec.name && condition.type == "Programmed" && condition.status == "False")
          messages.push_back(condition.message);
  }
}

std::vector<std::string> unserved_listeners(const LoadedFiles& loaded, std::uint16_t port) {
  std::vector<std::string> messages;
  for (const auto& [name, status] : loaded.statuses.gateways)
    if (const auto found = loaded.snapshot.gateways.find(name); found != loaded.snapshot.gateways.end())
      add_unserved(*found->second, status, port, messages);
  for (const auto& [name, status] : loaded.statuses.listener_sets)
    if (const auto found = loaded.snapshot.listener_sets.find(name);
        found != loaded.snapshot.listener_sets.end())
      add_unserved(*found->second, status, port, messages);
  return messages;
}

bool refuses_all(const std::vector<std::shared_ptr<const ir::ExternalAuth>>& questions) {
  return std::any_of(questions.begin(), questions.end(),
                     [](const auto& question) { return question->cluster.empty(); });
}

/// Asks every socket of the request's port.
class Asker {
  /// As the exchange answers when it is to ask a Service that is not there.
  static constexpr proxy::LocalReply kInvalidAuthorization{500, "auth_invalid", {}};

 public:
  Asker(const LoadedFiles& loaded, const file::Settings& settings)
      : loaded_(loaded), settings_(proxy_settings(settings, {})), probes_(1) {
    proxy::Runtime::Input input{loaded.translation.config, nullptr, {cluster_ids_, route_ids_}};
    input.settings = &settings_;
    input.probes = &probes_;
    input.generation = 1;
    runtime_ = proxy::Runtime::build(input);
  }

  Explanation ask(const AskedRequest& asked) {
    Explanation result;
    const auto target = parse_url(asked.url);
    if (!target) {
      result.error = asked.url + ": is no http:// or https:// URL, and no path either";
      return result;
    }
    head_ = head_of(asked, *target);
    if (head_.empty()) result.error = "a header field is written 'name: value', in one line";
    if (!result.error.empty()) return result;
    result.port = target->port;
    for (const auto& socket : runtime_->sockets())
      if (speaks_http(socket) && serves_port(socket, target->port)) ask_socket(socket, result);
    result.unserved = unserved_listeners(loaded_, target->port);
    return result;
  }

 private:
  static bool speaks_http(const proxy::SocketRuntime& socket) {
    return std::any_of(socket.listeners.begin(), socket.listeners.end(), [](const auto* listener) {
      const auto protocol = listener->config->protocol;
      return protocol == ir::ListenerProtocol::http || protocol == ir::ListenerProtocol::https;
    });
  }

  static bool serves_port(const proxy::SocketRuntime& socket, std::uint16_t port) {
    return socket.address.port == port ||
           std::any_of(socket.listeners.begin(), socket.listeners.end(),
                       [port](const auto* listener) { return listener->config->advertised_port == port; });
  }

  void ask_socket(const proxy::SocketRuntime& socket, Explanation& result) {
    ExplainedAnswer answer;
    answer.addresses = {socket.address.to_string()};
    Arena arena;
    http::RequestHead head;
    auto rejected = http::parse_request_head(head_, head);
    if (!rejected) rejected = http::check_request(head, socket.first().request_rules, arena);
    if (rejected) {
      answer.outcome = fmt::format("refused: {}", rejected->reason);
      answer.status = rejected->status;
      return add(result, std::move(answer));
    }
    result.host = head.host;
    result.path = head.path;
    result.query = head.query;
    const auto* listener = socket.find(head.host);
    for (const auto* other : socket.listeners)
      if (other != listener) answer.other_listeners.push_back(other->config->name);
    if (listener == nullptr)
      own_answer(answer, proxy::LocalReply::no_listener());
    else
      ask_listener(*listener, head, arena, answer);
    if (listener != nullptr && refuses_all(listener->config->request_filters))
      own_answer(answer, kInvalidAuthorization);
    if (answer.status >= 400 && http::grpc_kind(head.fields) != http::GrpcKind::none) {
      const proxy::LocalReply told{answer.status, answer.outcome, {}};
      answer.grpc_status = http::digits_of(told.grpc_status());
    }
    add(result, std::move(answer));
  }

  void ask_listener(const proxy::ListenerRuntime& listener, const http::RequestHead& head, Arena& arena,
                    ExplainedAnswer& answer) const {
    answer.listener = listener.config.get();
    const ir::PathMatch* matched = nullptr;
    const routing::RequestView request{head.host, head.path, head.query, head.method_name, head.fields};
    for (const auto& candidate : routing::explain(*listener.config, *listener.table, request)) {
      const auto& rule = *candidate.match->rule;
      if (candidate.verdict == routing::Verdict::serves) {
        answer.route = rule.route;
        answer.rule = rule.rule;
        answer.rule_index = position_of(rule);
        answer.match = ir::words(*candidate.match->match);
        matched = &candidate.match->match->path;
        answer.hostname = candidate.hostname;
      } else {
        answer.lost.push_back({rule.route->key, position_of(rule), ir::words(*candidate.match->match),
                               words_of(candidate, answer.hostname.empty() ? "any" : answer.hostname)});
      }
    }
    if (answer.route == nullptr) return own_answer(answer, proxy::LocalReply::no_route());
    answer.outcome = "forwarded";
    run_filters(head, *matched, arena, answer);
    add_backends(answer);
    const bool is_refused = answer.outcome == kInvalidAuthorization.reason;
    if (is_refused || (answer.status == 500 && answer.backends.empty())) add_fault(answer);
    for (ExplainedBackend& backend : answer.backends) {
      http::RequestHead sent = head;
      proxy::rewrite_url(sent, answer.rule->filters, backend.backend->filters, *matched, arena);
      backend.authority = sent.authority;
      backend.path = sent.path;
    }
  }

  /// Those of the rule that may answer themselves, in the order of ir::Filters.
  static void run_filters(const http::RequestHead& head, const ir::PathMatch& matched, Arena& arena,
                          ExplainedAnswer& answer) {
    const ir::Filters& filters = answer.rule->filters;
    if (filters.redirect) {
      const bool is_tls = answer.listener->protocol == ir::ListenerProtocol::https;
      const proxy::ClientView seen{is_tls ? "https" : "http", answer.listener->advertised_port};
      const auto made = proxy::make_redirect(*filters.redirect, head, matched, seen, arena);
      answer.outcome = "redirected";
      answer.status = made.status;
      answer.location = made.location;
      return;
    }
    if (filters.cors) {
      const auto asked = proxy::read_cors(*filters.cors, head, arena);
      http::HeaderList fields;
      if (asked.preflight) {
        answer.status = proxy::write_preflight(*filters.cors, asked, fields, arena);
        answer.outcome = asked.allowed ? "preflight" : "cors_origin";
        return;
      }
    }
    if (refuses_all(filters.external_auth)) own_answer(answer, kInvalidAuthorization);
  }

  void add_backends(ExplainedAnswer& answer) const {
    std::uint64_t total = 0;
    for (const auto& backend : answer.rule->backends) total += backend.weight;
    for (const auto& backend : answer.rule->backends) {
      ExplainedBackend& explained = answer.backends.emplace_back();
      explained.backend = &backend;
      explained.total_weight = total;
      for (const auto& cluster : loaded_.translation.config->clusters)
        if (cluster->key == backend.cluster) explained.cluster = cluster.get();
      explained.policy = policy_of(answer, backend);
      const auto index = answer.backends.size() - 1;
      const auto status = status_of(*answer.route);
      if (backend.error_status != 0 && status)
        explained.fault =
            fault_of(*status, fmt::format("spec.rules[{}].backendRefs[{}]", answer.rule_index, index));
    }
    if (answer.outcome != "forwarded") return;
    const bool all_invalid =
        std::all_of(answer.rule->backends.begin(), answer.rule->backends.end(),
                    [](const ir::WeightedBackend& b) { return b.error_status != 0 || b.weight == 0; });
    if (total == 0)
      own_answer(answer, proxy::LocalReply::no_backend());
    else if (all_invalid)
      own_answer(answer, proxy::LocalReply::invalid_backend());
  }

  static std::size_t position_of(const routing::CompiledRule& rule) {
    return rule.route->position_of(rule.rule_index);
  }

  std::shared_ptr<const objects::RouteStatus> status_of(const ir::HttpRoute& route) const {
    const auto& statuses = route.grpc ? loaded_.statuses.grpc_routes : loaded_.statuses.http_routes;
    return statuses.find(route.age.name);
  }

  void add_fault(ExplainedAnswer& answer) const {
    const auto status = status_of(*answer.route);
    if (status) answer.fault = fault_of(*status, fmt::format("spec.rules[{}].", answer.rule_index));
  }

  std::vector<translate::EffectiveField> policy_of(const ExplainedAnswer& answer,
                                                   const ir::WeightedBackend& backend) const {
    translate::PolicyScope scope;
    scope.listener = answer.listener->name;
    scope.rule = answer.rule_index;
    scope.backend = backend.cluster;
    const auto object = loaded_.snapshot.http_routes.find(answer.route->age.name);
    if (answer.route->grpc || object == loaded_.snapshot.http_routes.end()) return {};
    scope.route = object->second.get();
    return translate::effective_fields(loaded_.translation.policies.get(), scope);
  }

  static void own_answer(ExplainedAnswer& answer, const proxy::LocalReply& reply) {
    answer.outcome = reply.reason;
    answer.status = reply.status;
  }

  /// Sockets of one listener, such as those of its addresses, answer alike.
  static void add(Explanation& result, ExplainedAnswer answer) {
    for (auto& known : result.answers) {
      if (known.listener != answer.listener || known.outcome != answer.outcome) continue;
      known.addresses.push_back(answer.addresses.front());
      return;
    }
    result.answers.push_back(std::move(answer));
  }

  const LoadedFiles& loaded_;
  const proxy::ProxySettings settings_;
  proxy::Probes probes_;
  routing::Ids cluster_ids_;
  routing::Ids route_ids_;
  std::shared_ptr<const proxy::Runtime> runtime_;
  std::string head_;
};

}  // namespace

bool Explanation::is_served() const {
  return !answers.empty() && std::all_of(answers.begin(), answers.end(), [](const ExplainedAnswer& answer) {
    return answer.outcome == "forwarded" || answer.outcome == "redirected" || answer.outcome == "preflight";
  });
}

Explanation explain_request(const LoadedFiles& loaded, const file::Settings& settings,
                            const AskedRequest& asked) {
  return Asker(loaded, settings).ask(asked);
}

}  // namespace gatehouse::gateway

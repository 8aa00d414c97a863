// SPDX-License-Identifier: Apache-2.0
// `gatehouse explain`: which listener, route, rule and match serve a request, what lost and why, and what
// happens to the request then.
#include <fmt/format.h>

#include "base/yaml_text.h"
#include "config/ir/dump_parts.h"
#include "config/ir/words.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/explain_connection.h"
#include "gateway/cli/explanation.h"
#include "gateway/cli/output.h"

namespace gatehouse::gateway {
namespace {

/// What the rule does besides forwarding, as the configuration dump shows it.
void write_actions(YamlText& out, const ir::RouteRule& rule) {
  dump(out, rule.filters);
  ir::number_unless(out, "request_timeout", rule.timeouts.request, std::chrono::milliseconds{0});
  ir::number_unless(out, "backend_timeout", rule.timeouts.backend_request, std::chrono::milliseconds{0});
  dump(out, rule.retry);
  dump(out, rule.persistence);
}

void write_settings(YamlText& out, const ir::Cluster& cluster) {
  dump(out, cluster.pool);
  dump(out, cluster.load_balancer);
  dump(out, cluster.active_health);
  dump(out, cluster.passive_health);
  dump(out, cluster.breaker);
  dump(out, cluster.retry_budget);
  dump(out, cluster.dns);
}

std::vector<std::string> endpoints_of(const ExplainedBackend& backend) {
  std::vector<std::string> endpoints;
  if (backend.cluster != nullptr)
    for (const auto& endpoint : backend.cluster->endpoints) endpoints.push_back(ir::words(endpoint));
  return endpoints;
}

std::string share_of(const ExplainedBackend& backend) {
  if (backend.total_weight == 0) return "0 %";
  const double share =
      100.0 * static_cast<double>(backend.backend->weight) / static_cast<double>(backend.total_weight);
  return fmt::format("{:.4g} %", share);
}

std::string rule_name(std::size_t index, const ir::RouteRule& rule) {
  return rule.name.empty() ? fmt::format("rule {}", index) : fmt::format("rule {} ({})", index, rule.name);
}

void write(YamlText& out, const ExplainedBackend& backend) {
  out.open_item();
  out.field("cluster", backend.backend->cluster);
  out.field("weight", static_cast<std::int64_t>(backend.backend->weight));
  out.field("share", share_of(backend));
  if (backend.backend->error_status != 0) out.field("status", backend.backend->error_status);
  ir::text_unless_empty(out, "fault", backend.fault);
  out.list("endpoints", endpoints_of(backend));
  if (backend.cluster != nullptr) out.field("sent_host", backend.authority);
  if (backend.cluster != nullptr) out.field("sent_path", backend.path);
  dump(out, backend.backend->filters);
  dump(out, backend.backend->persistence);
  if (backend.cluster != nullptr) write_settings(out, *backend.cluster);
  if (!backend.policy.empty()) {
    out.open("policy");
    for (const auto& field : backend.policy) {
      out.open_item();
      out.field("field", field.field);
      out.field("value", field.value);
      out.field("from", field.from);
      out.close_item();
    }
    out.close();
  }
  out.close_item();
}

void write_route(YamlText& out, const ExplainedAnswer& answer) {
  out.field("route", answer.route->key);
  out.field("rule", static_cast<std::int64_t>(answer.rule_index));
  ir::text_unless_empty(out, "rule_name", answer.rule->name);
  ir::text_unless_empty(out, "fault", answer.fault);
  ir::text_unless_empty(out, "hostname", answer.hostname);
  out.field("match", answer.match);
  write_actions(out, *answer.rule);
  if (answer.backends.empty()) return;
  out.open("backends");
  for (const auto& backend : answer.backends) write(out, backend);
  out.close();
}

void write(YamlText& out, const ExplainedAnswer& answer) {
  out.open_item();
  out.field("outcome", answer.outcome);
  if (answer.status != 0) out.field("status", answer.status);
  ir::text_unless_empty(out, "grpc_status", answer.grpc_status);
  ir::text_unless_empty(out, "location", answer.location);
  out.list("addresses", answer.addresses);
  if (answer.listener != nullptr) out.field("listener", answer.listener->name);
  if (answer.listener != nullptr) dump(out, "request_filters", answer.listener->request_filters);
  out.list("other_listeners", answer.other_listeners);
  if (answer.route != nullptr) write_route(out, answer);
  if (!answer.lost.empty()) {
    out.open("lost");
    for (const auto& lost : answer.lost) {
      out.open_item();
      out.field("route", lost.route);
      out.field("rule", static_cast<std::int64_t>(lost.rule));
      out.field("match", lost.match);
      out.field("reason", lost.reason);
      out.close_item();
    }
    out.close();
  }
  out.close_item();
}

std::string document_of(const AskedRequest& asked, const Explanation& explanation) {
  YamlText out;
  out.open("request");
  out.field("method", asked.method);
  out.field("url", asked.url);
  out.field("port", explanation.port);
  ir::text_unless_empty(out, "host", explanation.host);
  ir::text_unless_empty(out, "path", explanation.path);
  ir::text_unless_empty(out, "query", explanation.query);
  out.close();
  if (!explanation.answers.empty()) out.open("answers");
  for (const auto& answer : explanation.answers) write(out, answer);
  if (!explanation.answers.empty()) out.close();
  out.list("unserved_listeners", explanation.unserved);
  return out.take();
}

constexpr std::size_t kMaxLost = 20;  // in text; --output json has all

void print_block(std::string_view title, std::string_view yaml) {
  while (!yaml.empty()) {
    const auto line = yaml.substr(0, yaml.find('\n'));
    fmt::print("{:<10}{}\n", title, line);
    yaml.remove_prefix(std::min(line.size() + 1, yaml.size()));
    title = {};
  }
}

void print(const ExplainedBackend& backend, const ir::RouteRule& rule) {
  const auto share = share_of(backend);
  if (backend.backend->error_status != 0) {
    fmt::print("  {:<8}answers {}: {}\n", share, backend.backend->error_status,
               backend.fault.empty() ? "the reference is not valid" : backend.fault);
    return;
  }
  fmt::print("  {:<8}{} (weight {})\n", share, backend.backend->cluster, backend.backend->weight);
  const auto endpoints = endpoints_of(backend);
  fmt::print("          {}\n",
             endpoints.empty() ? "no endpoint: 503" : fmt::format("{}", fmt::join(endpoints, ", ")));
  if (rule.filters.rewrite || backend.backend->filters.rewrite)
    fmt::print("          as http://{}{}\n", backend.authority, backend.path);
  YamlText out;
  dump(out, backend.backend->filters);
  dump(out, backend.backend->persistence);
  if (backend.policy.empty() && backend.cluster != nullptr) write_settings(out, *backend.cluster);
  print_block("", out.take());
  for (const auto& field : backend.policy)
    fmt::print("          {}: {}, by {}\n", field.field, field.value, field.from);
}

void print(const ExplainedAnswer& answer) {
  fmt::print(
      "listener  {}\n",
      answer.listener == nullptr
          ? "none covers this host"
          : fmt::format("{} on {}, hostname {}", answer.listener->name, fmt::join(answer.addresses, ", "),
                        answer.listener->hostname.empty() ? "any" : answer.listener->hostname));
  for (const auto& other : answer.other_listeners) fmt::print("          not {}\n", other);
  if (answer.listener != nullptr) {
    YamlText out;
    dump(out, "request_filters", answer.listener->request_filters);
    print_block("first", out.take());
  }
  if (answer.route != nullptr) {
    fmt::print("route     {}, {}: {}\n", answer.route->key, rule_name(answer.rule_index, *answer.rule),
               answer.match);
    YamlText out;
    write_actions(out, *answer.rule);
    print_block("does", out.take());
    if (!answer.fault.empty()) fmt::print("fault     {}\n", answer.fault);
    if (!answer.backends.empty()) fmt::print("backends\n");
    for (const auto& backend : answer.backends) print(backend, *answer.rule);
  }
  if (!answer.lost.empty()) fmt::print("lost\n");
  for (std::size_t i = 0; i < std::min(answer.lost.size(), kMaxLost); ++i) {
    const auto& lost = answer.lost[i];
    fmt::print("  {}, rule {}: {}: {}\n", lost.route, lost.rule, lost.match, lost.reason);
  }
  if (answer.lost.size() > kMaxLost)
    fmt::print("  and {} more; --output json has all\n", answer.lost.size() - kMaxLost);
  const auto status = answer.grpc_status.empty()
                          ? (answer.status == 0 ? "" : fmt::format("{} ", answer.status))
                          : fmt::format("grpc-status {} ", answer.grpc_status);
  fmt::print("answer    {}{}{}{}\n", status, answer.outcome, answer.location.empty() ? "" : " to ",
             answer.location);
}

void print_text(const AskedRequest& asked, const Explanation& explanation, const ir::Config& config) {
  fmt::print("{} {}\n", asked.method, asked.url);
  if (!explanation.host.empty())
    fmt::print("          host {}, path {}{}{}\n", explanation.host, explanation.path,
               explanation.query.empty() ? "" : ", query ", explanation.query);
  for (const auto& answer : explanation.answers) print(answer);
  if (explanation.answers.empty())
    fmt::print("answer    none: no listener is served at port {}\n", explanation.port);
  for (const auto& message : explanation.unserved) fmt::print("not served: {}\n", message);
  if (!explanation.answers.empty()) return;
  for (const auto& listener : config.listeners)
    fmt::print("          {} has {}\n", listener->name, listener->advertised_port);
}

/// METHOD and URL, or URL alone; "grpc" and a method's name, which may also be a URL.
bool take_operands(const std::vector<std::string>& operands, AskedRequest& asked) {
  if (operands.empty() || operands.size() > 2) return false;
  if (operands.front() == "grpc") {
    const auto& method = operands.back();
    if (operands.size() != 2 || method.find('/') == std::string::npos) return false;
    asked.method = "POST";
    asked.url = method.starts_with('/') || method.find("://") != std::string::npos ? method : "/" + method;
    asked.headers.emplace_back("content-type: application/grpc");
    asked.headers.emplace_back("te: trailers");
    return true;
  }
  asked.url = operands.back();
  if (operands.size() == 2) asked.method = operands.front();
  return true;
}

}  // namespace

int run_explain(const std::vector<std::string>& arguments) {
  const auto start = start_command("explain", arguments);
  if (start.exit_code >= 0) return start.exit_code;
  AskedRequest asked;
  asked.headers = start.arguments.values("header");
  if (start.settings.files.empty())
    return refuse_arguments("explain", {"give at least one file or folder with -f"});
  if (asks_for_connection(start.arguments)) return run_explain_connection(start);
  if (!take_operands(start.arguments.operands, asked))
    return refuse_arguments("explain", {"give a method and a URL: GET http://www.example.com/"});

  const auto loaded = load_files(start.settings.files, start.settings);
  print_problems(loaded);
  if (loaded.unreadable) return 2;
  const auto explanation = explain_request(loaded, start.settings, asked);
  if (!explanation.error.empty()) return refuse_arguments("explain", {explanation.error});
  const auto format = start.arguments.value("output", "text");
  if (format == "text")
    print_text(asked, explanation, *loaded.translation.config);
  else
    print_document(format, document_of(asked, explanation));
  return explanation.is_served() ? 0 : 1;
}

}  // namespace gatehouse::gateway

// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/admin_pages.h"

#include <array>

#include "base/text.h"

namespace gatehouse::gateway {
namespace {

enum class Audience : std::uint8_t { anyone, loopback };

using Render = AdminAnswer (*)(std::string_view query, const AdminHooks& hooks);

AdminAnswer health(std::string_view, const AdminHooks&) {
  return {200, "text/plain; charset=utf-8", "ok\n"};
}

AdminAnswer readiness(std::string_view query, const AdminHooks& hooks) {
  const auto state = hooks.readiness();
  AdminAnswer answer{state.ready ? 200U : 503U, "text/plain; charset=utf-8",
                     state.ready ? "ready\n" : "not ready\n"};
  if (query != "verbose" && query != "verbose=true" && query != "verbose=1") return answer;
  for (const auto& line : state.lines) answer.body.append(line).append("\n");
  return answer;
}

AdminAnswer metrics_text(std::string_view, const AdminHooks& hooks) {
  return {200, "text/plain; version=0.0.4; charset=utf-8", hooks.metrics()};
}

AdminAnswer config_dump(std::string_view, const AdminHooks& hooks) {
  return {200, "text/plain; charset=utf-8", hooks.config_dump()};
}

AdminAnswer endpoints(std::string_view, const AdminHooks& hooks) {
  return {200, "application/yaml; charset=utf-8", hooks.endpoints()};
}

AdminAnswer statuses(std::string_view, const AdminHooks& hooks) {
  return {200, "application/yaml; charset=utf-8", hooks.statuses()};
}

AdminAnswer index(std::string_view, const AdminHooks&);

struct Page {
  std::string_view path;
  std::string_view about;
  Audience audience;
  Render render;
};

constexpr std::array kPages{
    Page{"/", "this list", Audience::loopback, index},
    Page{"/healthz", "200 while the process lives", Audience::anyone, health},
    Page{"/readyz", "200 when it may get traffic, 503 otherwise; ?verbose says why", Audience::anyone,
         readiness},
    Page{"/metrics", "Prometheus metrics", Audience::anyone, metrics_text},
    Page{"/config_dump", "the configuration that serves", Audience::loopback, config_dump},
    Page{"/endpoints", "the endpoints of every cluster and their health, as YAML", Audience::loopback,
         endpoints},
    Page{"/statuses", "the statuses of the objects, as YAML", Audience::loopback, statuses},
};

AdminAnswer index(std::string_view, const AdminHooks&) {
  AdminAnswer answer;
  for (const auto& page : kPages) answer.body.append(page.path).append("  ").append(page.about).append("\n");
  return answer;
}

AdminAnswer refusal(unsigned status, std::string_view why) {
  return {status, "text/plain; charset=utf-8", std::string(why) + "\n"};
}

/// C4: the names under which a browser on this machine may ask, with any port.
bool is_local_host(std::string_view host) {
  const auto end_of_literal = host.starts_with('[') ? host.find(']') : 0;
  if (end_of_literal == std::string_view::npos) return false;
  const auto colon = host.find(':', end_of_literal);
  if (colon != std::string_view::npos) {
    const auto port = parse_decimal(host.substr(colon + 1));
    if (!port || *port > 65'535) return false;
    host = host.substr(0, colon);
  }
  return equals_ignoring_case(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

}  // namespace

AdminAnswer answer_admin_request(const AdminRequest& request, AdminExposure exposure,
                                 const AdminHooks& hooks) {
  if (exposure == AdminExposure::loopback && !is_local_host(request.host))
    return refusal(421, "the admin port answers to localhost, 127.0.0.1 and [::1] only");
  if (request.method != "GET" && request.method != "HEAD") return refusal(405, "only GET and HEAD");

  const auto question = request.target.find('?');
  const auto path = request.target.substr(0, question);
  const auto query =
      question == std::string_view::npos ? std::string_view{} : request.target.substr(question + 1);
  for (const auto& page : kPages) {
    if (page.path != path) continue;
    if (page.audience == Audience::loopback && exposure == AdminExposure::network) break;
    return page.render(query, hooks);
  }
  return refusal(404, "no such page");
}

}  // namespace gatehouse::gateway

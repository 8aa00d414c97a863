// SPDX-License-Identifier: Apache-2.0
#include "gateway/run_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/log.h"
#include "config/ir/diff.h"
#include "config/ir/words.h"

namespace gatehouse::gateway {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

/// Every route once, with all hostnames under which some listener serves it.
struct ServedRoute {
  std::size_t rules = 0;
  std::set<std::string> hostnames;
  std::set<std::string> clusters;
};

void add_clusters(const std::vector<ir::WeightedBackend>& backends, ServedRoute& served) {
  for (const auto& backend : backends)
    if (!backend.cluster.empty()) served.clusters.insert(backend.cluster);
}

std::size_t route_count(const ir::Listener& listener) {
  return listener.routes.size() + listener.l4_routes.size();
}

std::map<std::string, ServedRoute> routes_of(const ir::Config& config) {
  std::map<std::string, ServedRoute> routes;
  for (const auto& listener : config.listeners) {
    for (const auto& attachment : listener->routes) {
      ServedRoute& served = routes[attachment.route->key];
      served.rules = attachment.route->rules.size();
      served.hostnames.insert(attachment.hostnames.begin(), attachment.hostnames.end());
      for (const auto& rule : attachment.route->rules) add_clusters(rule.backends, served);
    }
    for (const auto& attachment : listener->l4_routes) {
      ServedRoute& served = routes[attachment.route->key];
      served.rules = 1;
      served.hostnames.insert(attachment.hostnames.begin(), attachment.hostnames.end());
      add_clusters(attachment.route->backends, served);
    }
  }
  return routes;
}

std::vector<std::string> addresses_of(const ir::Listener& listener) {
  std::vector<std::string> addresses;
  for (const auto& bind : listener.binds) addresses.push_back(bind.to_string());
  return addresses;
}

std::string or_any(std::string text) {
  return text.empty() ? "any" : text;
}

/// Columns as wide as their widest cell.
std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

void print_line(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

}  // namespace

std::string table_of(const ir::Config& config) {
  std::vector<Row> listeners{{"LISTENER", "PROTOCOL", "ADDRESS", "HOSTNAME", "ROUTES"}};
  for (const auto& listener : config.listeners)
    listeners.push_back({listener->name, std::string(ir::words(listener->protocol)),
                         fmt::format("{}", fmt::join(addresses_of(*listener), ",")),
                         or_any(listener->hostname), std::to_string(route_count(*listener))});
  std::vector<Row> routes{{"ROUTE", "HOSTNAMES", "RULES", "BACKENDS"}};
  for (const auto& [key, served] : routes_of(config))
    routes.push_back({key, or_any(fmt::format("{}", fmt::join(served.hostnames, ","))),
                      std::to_string(served.rules), fmt::format("{}", fmt::join(served.clusters, ","))});
  return aligned(listeners) + "\n" + aligned(routes);
}

std::string serving_event(const ir::Config& config) {
  Json event;
  event["event"] = "serving";
  event["listeners"] = Json::array();
  for (const auto& listener : config.listeners) {
    Json row;
    row["name"] = listener->name;
    row["addresses"] = addresses_of(*listener);
    row["port"] = listener->advertised_port;
    row["protocol"] = ir::words(listener->protocol);
    row["hostname"] = listener->hostname;
    row["routes"] = route_count(*listener);
    event["listeners"].push_back(std::move(row));
  }
  event["routes"] = Json::array();
  for (const auto& [key, served] : routes_of(config)) {
    Json row;
    row["key"] = key;
    row["hostnames"] = served.hostnames;
    row["rules"] = served.rules;
    row["clusters"] = served.clusters;
    event["routes"].push_back(std::move(row));
  }
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string changed_event(const ir::Config& before, const ir::Config& after) {
  const auto changes = ir::changes(before, after);
  if (changes.empty()) return {};
  Json event;
  event["event"] = "changed";
  event["changes"] = Json::array();
  for (const auto& change : changes) {
    Json row;
    row["kind"] = name_of(change.kind);
    row["name"] = change.name;
    row["action"] = name_of(change.action);
    row["details"] = change.details;
    event["changes"].push_back(std::move(row));
  }
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

RunReport::RunReport(file::RunOutput output) {
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  if (output == file::RunOutput::json) form_ = Form::json;
  if (output == file::RunOutput::text || (output == file::RunOutput::automatic && is_terminal))
    form_ = Form::text;
  // On one terminal the log's line per change is the line per change.
  log_shows_changes_ = is_terminal && isatty(STDERR_FILENO) != 0 && is_logged(LogLevel::info);
}

void RunReport::show(const std::shared_ptr<const ir::Config>& config) {
  if (form_ == Form::none || !config || config == shown_) return;
  const auto before = std::exchange(shown_, config);
  if (!before) {
    print_line(form_ == Form::json ? serving_event(*config) : table_of(*config));
  } else if (form_ == Form::json) {
    const auto event = changed_event(*before, *config);
    if (!event.empty()) print_line(event);
  } else if (!log_shows_changes_) {
    for (const auto& line : ir::diff(*before, *config)) print_line(line);
  }
}

}  // namespace gatehouse::gateway

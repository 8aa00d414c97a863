// SPDX-License-Identifier: Apache-2.0
// What the operator sets for the life of the process, apart from what the objects say.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/log.h"
#include "config/ir/cluster.h"
#include "config/ir/listener.h"

namespace gatehouse::file {

enum class HeaderUnderscores : std::uint8_t { drop, reject, allow };
enum class HalfClose : std::uint8_t { cancel, keep };
/// What `run` prints on standard output about what it serves; automatic: text on a terminal, else nothing.
enum class RunOutput : std::uint8_t { automatic, text, json, off };

/// How Gateways get their addresses from an API server's cluster.
enum class AddressMode : std::uint8_t { pool, merged, shared, dedicated };

/// Of `--kubernetes`.
struct KubernetesSettings {
  bool enabled = false;
  std::string kubeconfig;               ///< empty: the pod's service account, else KUBECONFIG
  std::string context;                  ///< of the kubeconfig; empty: its current one
  std::vector<std::string> namespaces;  ///< empty: all
  std::string selector;                 ///< label selector; empty: everything
  AddressMode address_mode = AddressMode::pool;
  std::string gateway_service;  ///< "namespace/name"; not empty: address mode merged
  std::string gateway;          ///< "namespace/name": serve this one only; empty: all of our classes
  std::string image;            ///< of the Deployments that dedicated Gateways get
  bool leader_election = true;
  std::string lease;  ///< "namespace/name"; empty: gatehouse in the pod's namespace
};

/// Every default is what `--help` shows.
struct Settings {
  std::vector<std::string> files;
  std::vector<std::string> controller_names{"gatehouse.dev/gateway-controller"};
  KubernetesSettings kubernetes;
  std::uint32_t workers = 0;  ///< 0: usable_cpus()

  std::vector<Cidr> address_pool;  ///< empty: 127.0.0.1 on a machine, every address in a container
  std::vector<IpAddress> bind;
  std::vector<std::uint16_t> proxy_protocol_ports;  ///< of listeners; PROXY headers are required there
  std::map<std::uint16_t, std::uint16_t> port_map;  ///< listener port -> bound port

  std::vector<Cidr> trusted_proxies;
  std::uint32_t trusted_hops = 0;

  ir::HttpLimits limits;
  ir::PoolLimits pool;
  std::string zone;  ///< topology zone of this process; empty: endpoints of every zone are alike
  std::vector<SocketAddress> dns_servers;  ///< empty: those of /etc/resolv.conf

  HeaderUnderscores header_underscores = HeaderUnderscores::drop;
  bool http10_keep_alive = false;
  HalfClose half_close = HalfClose::cancel;
  bool via = false;

  std::string session_key_file;  ///< empty: session.key in the folder for state

  std::chrono::milliseconds ticket_rotation{std::chrono::hours(12)};
  std::chrono::milliseconds drain_delay{5'000};
  std::chrono::milliseconds drain_timeout{300'000};

  std::string access_log = "off";  ///< "off", "-" for standard output, or a file name
  std::string access_log_format = "json";
  RunOutput output = RunOutput::automatic;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;

  std::optional<SocketAddress> admin_address = SocketAddress::parse("127.0.0.1:9901");  ///< nullopt: off
  std::uint32_t max_series = 2'000;

  /// By name what was set, as it was written by the strongest source.
  std::map<std::string, std::vector<std::string>, std::less<>> given;
};

struct SettingsInput {
  std::vector<std::string> arguments;              ///< without program and command name
  std::map<std::string, std::string> environment;  ///< only names that start with GATEHOUSE_ are looked at
};

struct ParsedSettings {
  Settings settings;
  bool help_wanted = false;
  std::vector<std::string> errors;  ///< one line each; empty: the settings may be used
};

/// Flag over environment over settings file (`--settings FILE`, or GATEHOUSE_SETTINGS) over default. A list
/// from one of them replaces the whole list of the one below.
ParsedSettings parse_settings(const SettingsInput& input);

/// The text of --help: every setting by group, with its default.
std::string settings_help();
/// The same as a Markdown table, with the environment variables.
std::string settings_reference();

}  // namespace gatehouse::file

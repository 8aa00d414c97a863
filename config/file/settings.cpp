// SPDX-License-Identifier: Apache-2.0
// Settings from three sources, weakest first, and the combinations that make no sense.
#include "config/file/settings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "config/file/setting_table.h"
#include "config/file/text_file.h"
#include "config/file/yaml_reader.h"
#include "config/objects/nearest.h"

namespace gatehouse::file {
namespace {

using nlohmann::json;

constexpr std::string_view kPrefix = "GATEHOUSE_";

/// Applies one source after the other to the same Settings.
class SettingsParser {
 public:
  explicit SettingsParser(const SettingsInput& input) : input_(input) {}
  ParsedSettings run();

 private:
  /// A name and a value of the command line.
  struct Flag {
    std::string name;
    std::string value;
  };

  void fail(std::string_view origin, std::string_view what) {
    result_.errors.push_back(fmt::format("{}: {}", origin, what));
  }
  void fail_unknown(std::string_view origin, std::string_view what, std::string_view name);
  void split_arguments();
  std::string settings_file();
  void apply_file(const std::string& path);
  void apply_document(const json& document, const objects::SourceMap& locations);
  void apply_environment();
  void apply_flags();
  void assign(const Setting& setting, std::string_view origin, const std::vector<std::string>& values);
  void check_combinations();
  void check_kubernetes();

  const SettingsInput& input_;
  std::vector<Flag> flags_;
  ParsedSettings result_;
};

void SettingsParser::fail_unknown(std::string_view origin, std::string_view what, std::string_view name) {
  const auto meant = objects::suggest(name, setting_names());
  fail(origin, meant.empty() ? fmt::format("unknown {}", what) : fmt::format("unknown {}; {}", what, meant));
}

std::string long_name(std::string_view letter) {
  if (letter == "h") return "help";
  for (const auto& setting : setting_table())
    if (setting.letter != 0 && letter == std::string_view(&setting.letter, 1))
      return std::string(setting.name);
  return {};
}

/// Values of one list entry; file names on the command line may contain commas.
std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> values;
  CommaList list(text);
  while (const auto value = list.next()) values.emplace_back(*value);
  if (values.empty()) values.emplace_back();
  return values;
}

void SettingsParser::split_arguments() {
  const auto& arguments = input_.arguments;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    const bool is_long = argument.starts_with("--") && argument.size() > 2;
    const bool is_short = !is_long && argument.size() == 2 && argument[0] == '-' && argument[1] != '-';
    if (!is_long && !is_short) {
      fail(argument, "unexpected argument");
      continue;
    }
    const auto equals = is_long ? argument.find('=') : std::string_view::npos;
    const auto name =
        is_long ? std::string(argument.substr(2, equals == std::string_view::npos ? equals : equals - 2))
                : long_name(argument.substr(1));
    if (name == "help") {
      result_.help_wanted = true;
    } else if (name != kSettingsFlag && find_setting(name) == nullptr) {
      fail_unknown(argument.substr(0, equals), "setting", name);
      // Its value, if it has one, is not an argument of its own.
      if (equals == std::string_view::npos && i + 1 < arguments.size() && !arguments[i + 1].starts_with('-'))
        ++i;
    } else if (equals != std::string_view::npos) {
      flags_.push_back({name, std::string(argument.substr(equals + 1))});
    } else if (name != kSettingsFlag && find_setting(name)->is_switch) {
      flags_.push_back({name, "on"});
    } else if (i + 1 < arguments.size()) {
      flags_.push_back({name, arguments[++i]});
    } else {
      fail(argument, "needs a value");
    }
  }
}

std::string SettingsParser::settings_file() {
  std::vector<std::string> given;
  for (const auto& flag : flags_)
    if (flag.name == kSettingsFlag) given.push_back(flag.value);
  if (given.size() > 1) fail("--settings", "is given twice");
  if (!given.empty()) return given.size() == 1 ? given.front() : std::string();
  const auto found = input_.environment.find(environment_name(kSettingsFlag));
  return found == input_.environment.end() ? std::string() : found->second;
}

std::optional<std::string> scalar_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  if (value.is_number_integer()) return value.dump();
  return std::nullopt;
}

/// A scalar, a list of scalars, or pairs such as {80: 8080}; nullopt for anything else.
std::optional<std::vector<std::string>> file_values(const json& value) {
  std::vector<std::string> values;
  if (value.is_primitive()) {
    const auto text = scalar_text(value);
    if (!text) return std::nullopt;
    return std::vector<std::string>{*text};
  }
  for (const auto& [key, entry] : value.items()) {
    const auto text = scalar_text(entry);
    if (!text) return std::nullopt;
    values.push_back(value.is_object() ? key + "=" + *text : *text);
  }
  return values;
}

void SettingsParser::apply_document(const json& document, const objects::SourceMap& locations) {
  for (const auto& [key, value] : document.items()) {
    const objects::PathStep step{key};
    const auto origin = locations.locate({&step, 1});
    const Setting* setting = find_setting(key);
    if (setting == nullptr) {
      fail_unknown(origin, fmt::format("setting {}", key), key);
      continue;
    }
    const auto values = file_values(value);
    if (values)
      assign(*setting, fmt::format("{}: {}", origin, key), *values);
    else
      fail(origin, fmt::format("{}: is neither a value nor a list of values", key));
  }
}

void SettingsParser::apply_file(const std::string& path) {
  const auto file = read_text_file(path);
  if (!file.error.empty()) return fail(path, "cannot be read: " + file.error);
  const auto outcome = read_yaml(
      file.text, path,
      [this](const json& value, const objects::SourceMap& locations) { apply_document(value, locations); });
  for (const auto& problem : outcome.problems) result_.errors.push_back(to_line(problem));
}

/// Kubernetes sets GATEHOUSE_SERVICE_HOST, GATEHOUSE_PORT_80_TCP_ADDR and the like in every pod beside a
/// Service that is called gatehouse: they are nobody's settings.
bool is_service_link(std::string_view name) {
  if (name.find("_SERVICE_") != std::string_view::npos || name.ends_with("_PORT")) return true;
  const auto port = name.find("_PORT_");
  if (port == std::string_view::npos) return false;
  auto rest = name.substr(port + 6);
  if (rest.empty() || !is_digit(rest.front())) return false;
  while (!rest.empty() && is_digit(rest.front())) rest.remove_prefix(1);
  return rest.starts_with("_TCP") || rest.starts_with("_UDP") || rest.starts_with("_SCTP");
}

void SettingsParser::apply_environment() {
  std::map<std::string, const Setting*> known;
  for (const auto& setting : setting_table()) known.emplace(environment_name(setting.name), &setting);
  for (const auto& [name, value] : input_.environment) {
    if (!name.starts_with(kPrefix) || name == environment_name(kSettingsFlag)) continue;
    const auto found = known.find(name);
    if (found != known.end()) {
      assign(*found->second, name, found->second->is_list() ? split_commas(value) : std::vector{value});
    } else if (!is_service_link(name)) {
      std::vector<std::string_view> names;
      for (const auto& [known_name, setting] : known) names.push_back(known_name);
      const auto meant = objects::suggest(name, names);
      fail(name, meant.empty() ? "unknown setting" : "unknown setting; " + meant);
    }
  }
}

void SettingsParser::apply_flags() {
  std::map<std::string, std::vector<std::string>> values;
  for (const auto& flag : flags_) {
    const Setting* setting = find_setting(flag.name);
    const bool splits = setting != nullptr && setting->is_list() && flag.name != "file";
    auto& to = values[flag.name];
    for (auto& value : splits ? split_commas(flag.value) : std::vector{flag.value})
      to.push_back(std::move(value));
  }
  for (const auto& [name, all] : values)
    if (const Setting* setting = find_setting(name)) assign(*setting, "--" + name, all);
}

void SettingsParser::assign(const Setting& setting, std::string_view origin,
                            const std::vector<std::string>& values) {
  auto& settings = result_.settings;
  settings.given[std::string(setting.name)] = values;
  if (setting.is_list())
    setting.field.clear(settings);
  else if (values.size() != 1)
    return fail(origin, values.empty() ? "needs a value" : "is given twice");
  for (const auto& value : values) {
    const auto complaint = setting.field.assign(settings, value);
    if (!complaint.empty()) fail(origin, fmt::format("\"{}\" {}", value, complaint));
  }
}

void SettingsParser::check_kubernetes() {
  const auto& s = result_.settings;
  const auto& kubernetes = s.kubernetes;
  if (kubernetes.enabled) {
    if (!s.files.empty())
      fail("kubernetes", "takes the objects from an API server, so --file has no place beside it");
    if (!kubernetes.gateway_service.empty() && kubernetes.address_mode != AddressMode::pool &&
        kubernetes.address_mode != AddressMode::merged)
      fail("gateway-service", "belongs to address-mode merged");
    if (kubernetes.address_mode == AddressMode::merged && kubernetes.gateway_service.empty())
      fail("address-mode",
           "merged needs --gateway-service namespace/name, the Service whose addresses all Gateways share");
    if (kubernetes.address_mode == AddressMode::dedicated && kubernetes.image.empty())
      fail("address-mode", "dedicated needs --image, what the pods of each Gateway run");
    return;
  }
  for (const auto* name : {"kubeconfig", "context", "namespaces", "selector", "gateway-service", "gateway",
                           "image", "lease", "address-mode"})
    if (s.given.contains(name)) fail(name, "has no effect without --kubernetes");
}

void SettingsParser::check_combinations() {
  check_kubernetes();
  const auto& s = result_.settings;
  if (s.limits.max_uri_bytes > s.limits.max_header_bytes)
    fail("max-uri-bytes", fmt::format("{} is more than max-header-bytes, {}, which counts the target too",
                                      s.limits.max_uri_bytes, s.limits.max_header_bytes));
  if (s.drain_delay >= s.drain_timeout)
    fail("drain-delay", "is not shorter than drain-timeout, so no request could finish");
  if (s.access_log == "off" && s.access_log_format != "json")
    fail("access-log-format", "has no effect while access-log is off");
  for (const auto& any : s.bind)
    for (const auto& other : s.bind)
      if (any.is_any() && any.v6 == other.v6 && any != other)
        fail("bind", fmt::format("{} covers {} already", any.to_string(), other.to_string()));
  std::set<IpAddress> seen;
  for (const auto& address : s.bind)
    if (!seen.insert(address).second) fail("bind", fmt::format("{} is given twice", address.to_string()));
}

ParsedSettings SettingsParser::run() {
  split_arguments();
  const auto path = settings_file();
  if (!path.empty()) apply_file(path);
  apply_environment();
  apply_flags();
  if (result_.errors.empty()) check_combinations();
  return std::move(result_);
}

}  // namespace

ParsedSettings parse_settings(const SettingsInput& input) {
  return SettingsParser(input).run();
}

}  // namespace gatehouse::file

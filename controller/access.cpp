// SPDX-License-Identifier: Apache-2.0
// Which way to an API server is taken; and the one of a pod.
#include "controller/access.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "config/file/text_file.h"

namespace gatehouse::controller {
namespace {

std::string environment_value(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

AccessOutcome no_access(std::string object, std::string reason, std::string fix) {
  AccessOutcome outcome;
  outcome.problems.push_back(
      {objects::Severity::error, std::move(object), {}, std::move(reason), std::move(fix), {}});
  return outcome;
}

std::vector<std::string> existing_files(std::string_view list) {
  std::vector<std::string> files;
  while (!list.empty()) {
    const auto end = list.find(':');
    std::string file(list.substr(0, end));
    if (!file.empty() && file::stamp_of(file)) files.push_back(std::move(file));
    if (end == std::string_view::npos) break;
    list.remove_prefix(end + 1);
  }
  return files;
}

std::string trimmed(std::string text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

}  // namespace

AccessSearch search_of_process(std::string kubeconfig, std::string context) {
  AccessSearch search;
  search.kubeconfig = std::move(kubeconfig);
  search.context = std::move(context);
  search.environment = environment_value("KUBECONFIG");
  search.service_host = environment_value("KUBERNETES_SERVICE_HOST");
  search.service_port = environment_value("KUBERNETES_SERVICE_PORT");
  return search;
}

AccessOutcome find_access(const AccessSearch& search) {
  if (!search.kubeconfig.empty()) return access_from_kubeconfig({search.kubeconfig}, search.context);
  if (search.environment.empty()) return access_in_cluster(search);
  const auto files = existing_files(search.environment);
  if (!files.empty()) return access_from_kubeconfig(files, search.context);
  return no_access("KUBECONFIG", fmt::format("none of its files exists: {}", search.environment),
                   "name a file that does, or give --kubeconfig FILE");
}

AccessOutcome access_in_cluster(const AccessSearch& search) {
  if (search.service_host.empty() || search.service_port.empty()) {
    return no_access("cluster", "this is no pod: KUBERNETES_SERVICE_HOST and _PORT are not set",
                     "outside of a cluster give --kubeconfig FILE, or set KUBECONFIG");
  }
  const auto token = search.account_folder + "/token";
  if (const auto read = file::read_text_file(token); !read.error.empty()) {
    return no_access("service account", fmt::format("{}: {}", token, read.error),
                     "remove automountServiceAccountToken: false from the pod and its account");
  }
  const bool is_v6 = search.service_host.find(':') != std::string::npos;
  ClusterAccess access;
  const auto host = is_v6 ? fmt::format("[{}]", search.service_host) : search.service_host;
  access.server = fmt::format("https://{}:{}", host, search.service_port);
  access.authority.file = search.account_folder + "/ca.crt";
  access.token.file = token;
  access.ns = trimmed(file::read_text_file(search.account_folder + "/namespace").text);
  access.origin = "the pod's service account";
  AccessOutcome outcome;
  outcome.access = std::move(access);
  return outcome;
}

}  // namespace gatehouse::controller

// SPDX-License-Identifier: Apache-2.0
// Where the API server is and who we are there: from a kubeconfig, or from the pod's own service account.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/objects/problem.h"

namespace gatehouse::controller {

/// A text that is given, or that stands in a file which may change while we run.
struct TextSource {
  std::string file;  ///< absolute, or relative to the working folder; wins over `text`
  std::string text;
  bool empty() const { return file.empty() && text.empty(); }
  bool operator==(const TextSource&) const = default;
};

struct ClusterAccess {
  std::string server;       ///< "https://10.96.0.1:443", may have a path; without a '/' at the end
  std::string server_name;  ///< what its certificate must name; empty: the host of `server`
  bool skip_verification = false;
  TextSource authority;    ///< PEM; empty: what the operating system trusts
  TextSource certificate;  ///< of ours, PEM
  TextSource key;
  TextSource token;
  std::string ns;      ///< of the context or of the service account; may be empty
  std::string origin;  ///< for messages: "context kind-dev of /home/me/.kube/config"
  bool operator==(const ClusterAccess&) const = default;
};

/// Everything the search depends on, so that tests can choose it.
struct AccessSearch {
  std::string kubeconfig;    ///< --kubeconfig; the file must exist
  std::string context;       ///< --context; empty: current-context
  std::string environment;   ///< KUBECONFIG: files separated by ':', those that do not exist are passed over
  std::string service_host;  ///< KUBERNETES_SERVICE_HOST
  std::string service_port;  ///< KUBERNETES_SERVICE_PORT
  std::string account_folder = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// The same with what the environment of this process says.
AccessSearch search_of_process(std::string kubeconfig, std::string context);

struct AccessOutcome {
  std::optional<ClusterAccess> access;
  std::vector<objects::Problem> problems;  ///< why there is none; or warnings
};

/// --kubeconfig, else KUBECONFIG, else the pod's service account. Reads files; any text in them is safe.
AccessOutcome find_access(const AccessSearch& search);

/// The way of a pod. Files of the account are named, and read when they are used.
AccessOutcome access_in_cluster(const AccessSearch& search);

/// Of several files the first that has a context, cluster, user or current-context of a name wins.
AccessOutcome access_from_kubeconfig(const std::vector<std::string>& files, const std::string& context);

}  // namespace gatehouse::controller

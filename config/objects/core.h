// SPDX-License-Identifier: Apache-2.0
// Namespace, Service, Secret and ConfigMap (v1) and EndpointSlice (discovery.k8s.io/v1): the parts a gateway
// reads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/objects/metadata.h"

namespace gatehouse::objects {

struct Namespace {
  static constexpr const char* kKind = "Namespace";
  ObjectMeta meta;
  bool operator==(const Namespace&) const = default;
};

struct ServicePort {
  std::string name;
  std::string protocol = "TCP";
  std::int32_t port = 0;
  std::string target_port;  ///< a number or a name, as written; empty = port
  std::string app_protocol;
  bool operator==(const ServicePort&) const = default;
};

/// What a load balancer was given: an address, a name, or both.
struct LoadBalancerIngress {
  std::string ip;
  std::string hostname;
  bool operator==(const LoadBalancerIngress&) const = default;
};

/// File mode only: this annotation lists endpoints as "ip:port,ip:port".
inline constexpr const char* kEndpointsAnnotation = "gatehouse.dev/endpoints";

struct Service {
  static constexpr const char* kKind = "Service";
  ObjectMeta meta;
  std::string type = "ClusterIP";
  std::vector<std::string> cluster_ips;  ///< "None" for a headless service
  std::string external_name;
  std::vector<std::string> ip_families;  ///< IPv4, IPv6; empty: the cluster's
  std::vector<std::string> external_ips;
  std::vector<LoadBalancerIngress> ingress;  ///< status.loadBalancer.ingress
  std::map<std::string, std::string> selector;
  std::vector<ServicePort> ports;
  bool operator==(const Service&) const = default;

  bool is_headless() const { return !cluster_ips.empty() && cluster_ips.front() == "None"; }
};

struct SliceEndpoint {
  std::vector<std::string> addresses;
  std::optional<bool> ready;
  std::optional<bool> serving;
  std::optional<bool> terminating;
  std::string hostname;
  std::string node_name;
  std::string zone;
  std::vector<std::string> for_zones;  ///< hints.forZones[].name
  std::vector<std::string> for_nodes;  ///< hints.forNodes[].name
  std::string target_kind;             ///< targetRef, usually a Pod
  std::string target_name;
  bool operator==(const SliceEndpoint&) const = default;
};

struct SlicePort {
  std::string name;
  std::string protocol = "TCP";
  std::optional<std::int32_t> port;
  std::string app_protocol;
  bool operator==(const SlicePort&) const = default;
};

/// Belongs to the Service named by the label kubernetes.io/service-name.
struct EndpointSlice {
  static constexpr const char* kKind = "EndpointSlice";
  ObjectMeta meta;
  std::string address_type;  ///< IPv4, IPv6, FQDN
  std::vector<SliceEndpoint> endpoints;
  std::vector<SlicePort> ports;
  bool operator==(const EndpointSlice&) const = default;
};

/// Its data is never logged, dumped or shown: problems name keys, not values.
struct Secret {
  static constexpr const char* kKind = "Secret";
  ObjectMeta meta;
  std::string type = "Opaque";
  std::map<std::string, std::string> data;  ///< decoded from base64; stringData is merged in
  bool operator==(const Secret&) const = default;
};

struct ConfigMap {
  static constexpr const char* kKind = "ConfigMap";
  ObjectMeta meta;
  std::map<std::string, std::string> data;
  std::map<std::string, std::string> binary_data;  ///< decoded from base64
  bool operator==(const ConfigMap&) const = default;
};

}  // namespace gatehouse::objects

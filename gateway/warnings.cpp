// SPDX-License-Identifier: Apache-2.0
#include "gateway/warnings.h"

#include <fmt/format.h>

namespace gatehouse::gateway {
namespace {

objects::Problem warning(std::string object, std::string field, std::string reason, std::string fix) {
  objects::Problem problem;
  problem.severity = objects::Severity::warning;
  problem.object = std::move(object);
  problem.field = std::move(field);
  problem.reason = std::move(reason);
  problem.fix = std::move(fix);
  return problem;
}

objects::Problem foreign_class(const objects::GatewayClass& object) {
  return warning("GatewayClass " + object.meta.name, "spec.controllerName",
                 object.controller_name + " is another controller's, so nothing of this class is served",
                 "to serve it give --controller-name " + object.controller_name);
}

}  // namespace

std::vector<objects::Problem> warnings_of(const objects::Snapshot& snapshot,
                                          const translate::Translation& translation,
                                          const translate::Options& options) {
  auto warnings = translation.warnings;
  if (!translation.statuses.gateway_classes.empty() || snapshot.gateways.empty()) return warnings;
  for (const auto& [name, object] : snapshot.gateway_classes) warnings.push_back(foreign_class(*object));
  if (snapshot.gateway_classes.empty())
    warnings.push_back(
        warning("", "", "there is no GatewayClass, so nothing is served",
                fmt::format("add one with controllerName {}", fmt::join(options.controller_names, " or "))));
  return warnings;
}

}  // namespace gatehouse::gateway

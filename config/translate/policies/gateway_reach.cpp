// SPDX-License-Identifier: Apache-2.0
#include "config/translate/policies/gateway_reach.h"

namespace gatehouse::translate {
namespace {

template <typename Name>
bool count(const Name& name, std::int32_t step, std::map<Name, std::uint32_t>& counts) {
  auto& number = counts[name];
  const bool was_there = number != 0;
  number = static_cast<std::uint32_t>(static_cast<std::int32_t>(number) + step);
  const bool is_there = number != 0;
  if (!is_there) counts.erase(name);
  return was_there != is_there;
}

template <typename Names, typename Name>
bool count_all(const Names& names, std::int32_t step, std::map<Name, std::uint32_t>& counts) {
  bool any = false;
  for (const auto& name : names) any = count(name, step, counts) || any;
  return any;
}

}  // namespace

bool count_reach(const RouteReach& route, std::int32_t step, GatewayReach& reach) {
  const bool secured = count_all(route.outcome.secured, step, reach.secured);
  return count_all(route.x_backends, step, reach.x_backends) || secured;
}

void count_reach(const ListenerDraft& listener, GatewayReach& reach) {
  count_all(listener.filter_secured, 1, reach.secured);
  count_all(listener.filter_x_backends, 1, reach.x_backends);
}

Reaches reaches_of(const Draft& draft) {
  Reaches reaches;
  for (const auto& gateway : draft.gateways) {
    auto& reach = reaches[gateway.object->meta.full_name()];
    for (const auto& listener : gateway.listeners) {
      count_reach(listener, reach);
      for (const auto& attachment : listener.attachments)
        if (const auto& outcome = attachment.outcome())
          count_reach({*outcome, attachment.route->x_backends}, 1, reach);
    }
  }
  return reaches;
}

}  // namespace gatehouse::translate

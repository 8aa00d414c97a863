// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/session_lease.h"

#include "proxy/upstream/cluster.h"

namespace gatehouse::proxy {

void SessionLease::report(UpstreamOutcome outcome) {
  const bool is_news = outcome.kind != UpstreamOutcome::Kind::answered || !endpoint_->standing.is_clean();
  Cluster* cluster = endpoint_->cluster();
  if (cluster && is_news) cluster->record(*endpoint_, outcome);
}

void SessionLease::release() {
  if (!endpoint_) return;
  Cluster* cluster = endpoint_->cluster();
  if (cluster && endpoint_->standing.state() == EndpointStanding::State::probing)
    cluster->endpoints().forget_probe(*endpoint_);
  endpoint_->end_session();
  endpoint_.reset();
}

}  // namespace gatehouse::proxy

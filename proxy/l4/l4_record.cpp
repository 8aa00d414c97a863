// SPDX-License-Identifier: Apache-2.0
#include "proxy/l4/l4_record.h"

#include "proxy/filters/hash_input.h"

namespace gatehouse::proxy {

void write_log_line(WorkerContext& worker, const L4Record& record) {
  if (!worker.access_log) return;
  const std::string client = record.client.to_string();
  AccessRecord line;
  line.duration = worker.loop.now() - record.started;
  line.time = worker.loop.wall() - std::chrono::duration_cast<WallTime::duration>(line.duration);
  line.protocol = record.protocol;
  line.host = record.server_name;
  line.bytes_in = record.bytes_up;
  line.bytes_out = record.bytes_down;
  line.route = record.route;
  line.cluster = record.cluster;
  line.endpoint = record.endpoint;
  line.upstream_duration = record.connect_duration;
  line.client = client;
  line.reason = record.reason;
  worker.access_log->record(line);
}

std::optional<std::uint64_t> hash_of_client(std::span<const ir::HashSource> sources,
                                            const IpAddress& client) {
  static const http::RequestHead kNoRequest{};
  return hash_request(sources, kNoRequest, client);
}

}  // namespace gatehouse::proxy

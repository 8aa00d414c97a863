// SPDX-License-Identifier: Apache-2.0
#include "config/translate/backend_protocols.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace gatehouse::translate {
namespace {

using ir::ClusterProtocol;

struct Row {
  std::string_view name;  ///< lower case
  BackendSpeech speech;
};

constexpr BackendSpeech kHttp2{ClusterProtocol::http2, true};
constexpr BackendSpeech kSecureHttp2{ClusterProtocol::http2, true, true};
constexpr BackendSpeech kWebSocket{ClusterProtocol::http1, true, false, true, false};
constexpr BackendSpeech kSecureWebSocket{ClusterProtocol::http1, true, true, true, false};
constexpr BackendSpeech kHttp1{ClusterProtocol::http1, true, false, true, false};
constexpr BackendSpeech kBytes{ClusterProtocol::http1, true, false, false, false};

/// Kubernetes' own names, and the ones that were in use before.
constexpr std::array<Row, 9> kAppProtocols{{{"kubernetes.io/h2c", kHttp2},
                                            {"h2c", kHttp2},
                                            {"http2", kHttp2},
                                            {"grpc", kHttp2},
                                            {"kubernetes.io/ws", kWebSocket},
                                            {"ws", kWebSocket},
                                            {"kubernetes.io/wss", kSecureWebSocket},
                                            {"wss", kSecureWebSocket},
                                            {"https", {ClusterProtocol::http1, false, true}}}};

/// HTTP and MCP are HTTP of any version.
constexpr std::array<Row, 6> kXProtocols{{{"HTTP11", kHttp1},
                                          {"HTTP2", kSecureHttp2},
                                          {"H2C", kHttp2},
                                          {"GRPC", kHttp2},
                                          {"WSS", kSecureWebSocket},
                                          {"TCP", kBytes}}};

template <typename Rows>
BackendSpeech find(const Rows& rows, std::string_view name) {
  const auto row = std::find_if(rows.begin(), rows.end(), [name](const Row& r) { return r.name == name; });
  return row == rows.end() ? BackendSpeech{} : row->speech;
}

std::vector<std::string> offered(ClusterProtocol protocol) {
  if (protocol == ClusterProtocol::http2) return {"h2"};
  if (protocol == ClusterProtocol::http1) return {"http/1.1"};
  return {"h2", "http/1.1"};
}

void secure(BackendTarget& target, const ir::ClusterTls& tls, std::vector<std::string> alpn) {
  auto own = std::make_shared<ir::ClusterTls>(tls);
  own->options.alpn = std::move(alpn);
  target.tls = std::move(own);
}

}  // namespace

BackendSpeech speech_of_app_protocol(std::string_view app_protocol) {
  return find(kAppProtocols, lower_case(app_protocol));
}

BackendSpeech speech_of_x_protocol(std::string_view protocol) {
  return find(kXProtocols, protocol);
}

void set_speech(BackendTarget& target, BackendUse use, const BackendSpeech& speech,
                const std::shared_ptr<const ir::ClusterTls>& tls) {
  if (use == BackendUse::datagram) {
    target.transport = Transport::datagram;
    target.cluster += "@udp";
    return;
  }
  const bool is_stream = use == BackendUse::stream || use == BackendUse::passthrough;
  target.protocol = tls && !speech.is_fixed ? ClusterProtocol::negotiated : speech.protocol;
  if (is_stream && tls) {
    target.protocol = ClusterProtocol::http1;
    target.cluster += use == BackendUse::stream ? "@tls" : "@tcp";
    if (use == BackendUse::stream) secure(target, *tls, {});
    return;
  }
  if (use == BackendUse::grpc && target.protocol != ClusterProtocol::http2) {
    target.protocol = ClusterProtocol::http2;
    target.cluster += "@h2";
  }
  if (tls) secure(target, *tls, offered(target.protocol));
}

}  // namespace gatehouse::translate

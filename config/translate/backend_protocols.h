// SPDX-License-Identifier: Apache-2.0
// What the endpoints of a Service port or XBackend speak, and what that makes of a cluster for each use of
// it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/ir/cluster.h"
#include "config/translate/backend_refs.h"

namespace gatehouse::translate {

/// What a backend says about itself.
struct BackendSpeech {
  ir::ClusterProtocol protocol = ir::ClusterProtocol::http1;  ///< without TLS
  bool is_fixed = false;   ///< the protocol holds with TLS too; else ALPN decides there
  bool needs_tls = false;  ///< cannot be spoken to in plaintext
  bool takes_http = true;  ///< false: bytes only
  bool takes_grpc = true;  ///< false: HTTP/1.1 is a must
};

/// Of a Service port; texts nobody knows mean HTTP/1.1.
BackendSpeech speech_of_app_protocol(std::string_view app_protocol);
/// XBackend spec.protocol.
BackendSpeech speech_of_x_protocol(std::string_view protocol);

/// Fills in protocol, tls and the suffix of the key. `tls` may be null: the backend is reached in plaintext.
void set_speech(BackendTarget& target, BackendUse use, const BackendSpeech& speech,
                const std::shared_ptr<const ir::ClusterTls>& tls);

}  // namespace gatehouse::translate

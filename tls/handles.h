// SPDX-License-Identifier: Apache-2.0
// Owning pointers to OpenSSL's objects, without its headers.
#pragma once

#include <memory>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct x509_st;
struct x509_store_st;
struct evp_pkey_st;
struct evp_cipher_st;

namespace gatehouse::tls {

/// Drops one reference; OpenSSL counts them itself.
struct Release {
  void operator()(ssl_st* object) const;
  void operator()(ssl_ctx_st* object) const;
  void operator()(ssl_session_st* object) const;
  void operator()(x509_st* object) const;
  void operator()(x509_store_st* object) const;
  void operator()(evp_pkey_st* object) const;
  void operator()(evp_cipher_st* object) const;
};

using SslHandle = std::unique_ptr<ssl_st, Release>;
using ContextHandle = std::unique_ptr<ssl_ctx_st, Release>;
using SessionHandle = std::unique_ptr<ssl_session_st, Release>;
using X509Handle = std::unique_ptr<x509_st, Release>;
using StoreHandle = std::unique_ptr<x509_store_st, Release>;
using KeyHandle = std::unique_ptr<evp_pkey_st, Release>;
using CipherHandle = std::unique_ptr<evp_cipher_st, Release>;

/// Leaf first.
using Chain = std::vector<X509Handle>;

}  // namespace gatehouse::tls

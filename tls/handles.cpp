// SPDX-License-Identifier: Apache-2.0
#include "tls/handles.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace gatehouse::tls {

void Release::operator()(ssl_st* object) const {
  SSL_free(object);
}
void Release::operator()(ssl_ctx_st* object) const {
  SSL_CTX_free(object);
}
void Release::operator()(ssl_session_st* object) const {
  SSL_SESSION_free(object);
}
void Release::operator()(x509_st* object) const {
  X509_free(object);
}
void Release::operator()(x509_store_st* object) const {
  X509_STORE_free(object);
}
void Release::operator()(evp_pkey_st* object) const {
  EVP_PKEY_free(object);
}
void Release::operator()(evp_cipher_st* object) const {
  EVP_CIPHER_free(object);
}

}  // namespace gatehouse::tls

// SPDX-License-Identifier: Apache-2.0
#include "tls/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace gatehouse::tls {
namespace {

using io::Transfer;

constexpr std::size_t kRecord = 16 * 1024;  // RFC 8446 5.1

// As in io::Socket: libc's wrappers are cancellation points, and cost more.
ssize_t receive(int fd, char* into, std::size_t size) {
  return syscall(SYS_recvfrom, fd, into, size, 0, nullptr, nullptr);
}
ssize_t send_to(int fd, const char* bytes, std::size_t size) {
  return syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL, nullptr, 0);
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

/// SSL_get_error() looks into the thread's queue of errors: nothing old may lie there.
void forget_old_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

std::unique_ptr<TlsStream> TlsStream::create(SslHandle ssl, int fd) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(ssl), fd));
  BIO* bio = BIO_new(bio_method());
  if (!bio) return nullptr;
  BIO_set_data(bio, stream.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(stream->ssl_.get(), bio, bio);  // takes it over
  SSL_set_app_data(stream->ssl_.get(), stream.get());
  return stream;
}

TlsStream::~TlsStream() {
  // However the connection ended, its session stays good for another.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

TlsStream* TlsStream::of(const ssl_st& ssl) {
  return static_cast<TlsStream*>(SSL_get_app_data(&ssl));
}

// ---- the descriptor, as OpenSSL sees it

const bio_method_st* TlsStream::bio_method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gatehouse");
    if (!method) return method;
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
    return method;
  }();
  return kMethod;
}

int TlsStream::bio_read(bio_st* bio, char* into, int size) {
  auto& self = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (!self.raw_readable_) {
    BIO_set_retry_read(bio);
    return -1;
  }
  ssize_t n = 0;
  do n = receive(self.fd_, into, static_cast<std::size_t>(size));
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    // A short read has emptied the socket, unless FIN stands behind it: for that there is no further event.
    if (n < size && !self.fin_here_) self.raw_readable_ = false;
    return static_cast<int>(n);
  }
  if (n == 0) {
    self.eof_ = true;
    return 0;
  }
  if (would_block(errno)) {
    self.raw_readable_ = false;
    BIO_set_retry_read(bio);
  } else {
    self.system_error_ = errno;
  }
  return -1;
}

int TlsStream::bio_write(bio_st* bio, const char* bytes, int size) {
  auto& self = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (!self.raw_writable_) {
    BIO_set_retry_write(bio);
    return -1;
  }
  ssize_t n = 0;
  do n = send_to(self.fd_, bytes, static_cast<std::size_t>(size));
  while (n < 0 && errno == EINTR);
  if (n >= 0) {
    if (n < size) self.raw_writable_ = false;
    return static_cast<int>(n);
  }
  if (would_block(errno)) {
    self.raw_writable_ = false;
    BIO_set_retry_write(bio);
  } else {
    self.system_error_ = errno;
  }
  return -1;
}

long TlsStream::bio_control(bio_st* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<TlsStream*>(BIO_get_data(bio))->eof_ ? 1 : 0;
  return 0;
}

// ---- outcomes

bool TlsStream::has_raw_input() const {
  return raw_readable_ || SSL_has_pending(ssl_.get()) == 1;
}

void TlsStream::fail(unsigned long reason) {
  failed_ = true;
  failure_reason_ = reason;
  can_read_ = can_write_ = true;  // whoever waits is to be told
  if (system_error_ == 0) system_error_ = ECONNRESET;
  ERR_clear_error();
}

/// What a call that did not succeed means; `code` is its return value.
void TlsStream::take_outcome(int code, Doing doing) {
  bool& can = doing == Doing::reading ? can_read_ : can_write_;
  switch (SSL_get_error(ssl_.get(), code)) {
    case SSL_ERROR_WANT_READ:
      can = false;
      if (doing == Doing::writing) write_wants_read_ = true;
      return;
    case SSL_ERROR_WANT_WRITE:
      can = false;
      if (doing == Doing::reading) read_wants_write_ = true;
      return;
    case SSL_ERROR_WANT_X509_LOOKUP:  // ask_permit() said no
      return;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = established_;
      can_read_ = true;
      if (!established_) fail(0);
      return;
    default:
      return fail(ERR_peek_error());
  }
}

Transfer TlsStream::read_state() const {
  if (failed_) return {Transfer::State::failed, 0, system_error_};
  if (ended_) return {Transfer::State::end, 0, 0};
  return {Transfer::State::would_block, 0, 0};
}

// ---- the layer

void TlsStream::advance_handshake() {
  forget_old_errors();
  wants_permit_ = false;
  const int code = SSL_do_handshake(ssl_.get());
  if (code == 1) {
    established_ = true;
    can_read_ = has_raw_input();
    can_write_ = raw_writable_;
    return;
  }
  take_outcome(code, Doing::reading);
}

Transfer TlsStream::read(std::span<char> into) {
  if (!established_ && !failed_) advance_handshake();
  if (failed_ || ended_ || !established_) return read_state();
  std::size_t total = 0;
  bool blocked = false;
  while (total < into.size() && !blocked && !failed_ && !ended_) {
    blocked = !has_raw_input();
    if (blocked) break;
    std::size_t n = 0;
    forget_old_errors();
    const int code = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &n);
    if (code != 1) take_outcome(code, Doing::reading);
    blocked = code != 1;
    total += n;
  }
  can_read_ = failed_ || ended_ || (!blocked && has_raw_input());
  if (total == 0) return read_state();
  return {Transfer::State::done, total, 0};
}

io::Input TlsStream::look() {
  if (!established_ || failed_) return failed_ ? io::Input::end : io::Input::bytes;
  if (!ended_ && has_raw_input()) {
    char byte;
    std::size_t n = 0;
    forget_old_errors();
    const int code = SSL_peek_ex(ssl_.get(), &byte, 1, &n);
    if (code == 1) {
      can_read_ = true;
      return io::Input::bytes;
    }
    take_outcome(code, Doing::reading);
  } else {
    can_read_ = ended_;
  }
  return failed_ || ended_ ? io::Input::end : io::Input::none;
}

/// One record's worth from position `done` of `parts`: a part itself where it is large or the last, else
/// small ones gathered, since each record costs 22 bytes, a cipher operation and a system call.
std::string_view TlsStream::next_piece(std::span<const iovec> parts, std::size_t done) const {
  static thread_local std::array<char, kRecord> gathered;
  std::size_t size = 0;
  for (std::size_t i = 0; i < parts.size() && size < kRecord; ++i) {
    if (done >= parts[i].iov_len) {
      done -= parts[i].iov_len;
      continue;
    }
    const char* from = static_cast<const char*>(parts[i].iov_base) + done;
    const std::size_t left = parts[i].iov_len - done;
    done = 0;
    if (size == 0 && (left >= kRecord || i + 1 == parts.size())) return {from, std::min(left, kRecord)};
    const std::size_t taken = std::min(left, kRecord - size);
    std::copy_n(from, taken, gathered.data() + size);
    size += taken;
  }
  return {gathered.data(), size};
}

Transfer TlsStream::write(std::span<const iovec> parts) {
  std::size_t total = 0;
  while (!failed_) {
    const auto piece = next_piece(parts, total);
    if (piece.empty()) break;
    std::size_t n = 0;
    forget_old_errors();
    const int code = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &n);
    if (code != 1) {
      take_outcome(code, Doing::writing);
      if (!failed_) return {total ? Transfer::State::done : Transfer::State::would_block, total, 0};
    }
    total += n;
  }
  if (failed_) return {Transfer::State::failed, 0, system_error_};
  return {Transfer::State::done, total, 0};
}

std::uint32_t TlsStream::on_events(std::uint32_t events) {
  constexpr std::uint32_t kBreak = EPOLLHUP | EPOLLERR;
  if (events & EPOLLRDHUP) fin_here_ = true;
  const bool input = events & (EPOLLIN | EPOLLRDHUP | kBreak);
  const bool room = events & (EPOLLOUT | kBreak);
  if (input) raw_readable_ = can_read_ = true;
  if (room) raw_writable_ = true;
  if (room && !write_wants_read_) can_write_ = true;
  if (room && read_wants_write_) {
    read_wants_write_ = false;
    can_read_ = true;
    events |= EPOLLIN;
  }
  if (input && write_wants_read_) {
    write_wants_read_ = false;
    can_write_ = true;
    events |= EPOLLOUT;
  }
  if (room && fin_wants_write_) send_fin();
  return events;
}

void TlsStream::shutdown_write() {
  send_fin();
}

/// close_notify, then FIN: behind a FIN alone the peer would have to take what it got for cut short.
void TlsStream::send_fin() {
  fin_wants_write_ = false;
  if (established_ && !failed_) {
    forget_old_errors();
    const int code = SSL_shutdown(ssl_.get());
    fin_wants_write_ = code < 0 && SSL_get_error(ssl_.get(), code) == SSL_ERROR_WANT_WRITE;
    forget_old_errors();
  }
  if (!fin_wants_write_) ::shutdown(fd_, SHUT_WR);
}

void TlsStream::close(io::Ending ending) {
  const bool is_due = established_ && !failed_ && !(SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN);
  if (ending != io::Ending::orderly || !is_due) return;
  forget_old_errors();
  SSL_shutdown(ssl_.get());
  forget_old_errors();
}

// ---- the handshake

bool TlsStream::ask_permit() {
  wants_permit_ = !permitted_;
  return permitted_;
}

void TlsStream::permit() {
  permitted_ = true;
  can_read_ = true;
}

void TlsStream::set_session_slot(Ref<SessionSlot> slot, std::uint64_t context_id) {
  slot_ = std::move(slot);
  context_id_ = context_id;
  if (!slot_) return;
  const ssl_session_st* session = slot_->find(context_id);
  if (!session) return;
  // OpenSSL uses a TLS 1.3 session once; several connections that open at a time may all use a copy.
  const SessionHandle copy(SSL_SESSION_dup(session));
  if (copy) SSL_set_session(ssl_.get(), copy.get());
}

void TlsStream::keep_session(SessionHandle session) {
  if (slot_) slot_->keep(std::move(session), context_id_);
}

HandshakeFacts TlsStream::facts() const {
  HandshakeFacts facts;
  const unsigned char* alpn = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &alpn, &size);
  if (size > 0) facts.alpn.assign(reinterpret_cast<const char*>(alpn), size);
  if (const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name)) facts.server_name = name;
  facts.version = SSL_get_version(ssl_.get());
  facts.cipher = SSL_get_cipher_name(ssl_.get());
  facts.resumed = SSL_session_reused(ssl_.get()) == 1;
  if (SSL_get0_peer_certificate(ssl_.get()))
    facts.peer = SSL_get_verify_result(ssl_.get()) == X509_V_OK ? PeerCertificate::trusted
                                                                : PeerCertificate::untrusted;
  return facts;
}

namespace {

/// The commonest reasons in words; all else is the last resort.
std::string_view in_words(unsigned long reason, bool is_server) {
  if (reason == 0) return "the connection broke during the TLS handshake";
  if (ERR_GET_LIB(reason) != ERR_LIB_SSL) return "the TLS handshake failed";
  switch (ERR_GET_REASON(reason)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return is_server ? "the client's certificate is not trusted"
                       : "the backend's certificate is not trusted";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the client sent no certificate";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "no TLS version in common";
    case SSL_R_NO_SHARED_CIPHER:
      return "no cipher in common";
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "no protocol in common (ALPN)";
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
      return "the peer does not speak TLS";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return "the peer went away during the TLS handshake";
    default:
      return "the TLS handshake failed";
  }
}

}  // namespace

Side TlsStream::other_side() const {
  return SSL_is_server(ssl_.get()) == 1 ? Side::downstream : Side::upstream;
}

Error TlsStream::failure() const {
  const bool is_server = other_side() == Side::downstream;
  const bool went_away =
      failure_reason_ == 0 || ERR_GET_REASON(failure_reason_) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  const auto why = in_words(failure_reason_, is_server);
  if (is_server) return {went_away ? Fault::closed : Fault::bad_request, Side::downstream, Retry::never, why};
  return {Fault::refused, Side::upstream, Retry::safe, why};
}

}  // namespace gatehouse::tls

// SPDX-License-Identifier: Apache-2.0
// TLS over one descriptor, as a transport layer of io::Socket.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/io/transport_layer.h"
#include "base/ref.h"
#include "base/result.h"
#include "tls/handles.h"
#include "tls/session_slot.h"

struct bio_st;
struct bio_method_st;

namespace gatehouse::tls {

/// Whether the peer showed a certificate, and whether we trust it.
enum class PeerCertificate : std::uint8_t { none, untrusted, trusted };

/// What a finished handshake agreed on.
struct HandshakeFacts {
  std::string alpn;         ///< empty: none
  std::string server_name;  ///< as the client sent it; empty: none
  std::string_view version;
  std::string_view cipher;
  PeerCertificate peer = PeerCertificate::none;
  bool resumed = false;
};

/// Made by a ServerContext or ClientContext; owned by its Socket. The handshake is driven by reads: until it
/// is complete they yield nothing (see handshake.h). An end of the connection without close_notify is a
/// failure, never an end: nobody can cut a message short unseen. Thread: the loop's.
class TlsStream final : public io::TransportLayer {
 public:
  /// `ssl` knows whether it is a server or a client. `fd` stays the socket's.
  static std::unique_ptr<TlsStream> create(SslHandle ssl, int fd);
  ~TlsStream() override;
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  io::Transfer read(std::span<char> into) override;
  io::Transfer write(std::span<const iovec> parts) override;
  io::Input look() override;
  std::uint32_t on_events(std::uint32_t events) override;
  void shutdown_write() override;
  void close(io::Ending ending) override;

  bool is_established() const { return established_; }
  HandshakeFacts facts() const;
  /// Who is at the other end.
  Side other_side() const;
  /// Why the handshake failed.
  Error failure() const;

  /// A server's handshake stops in front of its private-key operation until it is permitted (HandshakeGate).
  bool wants_permit() const { return wants_permit_; }
  void permit();

  /// For the callbacks of contexts.
  static TlsStream* of(const ssl_st& ssl);
  /// False: comes back after permit().
  bool ask_permit();
  /// Where a client keeps what may shorten the next handshake with the same server; may be null.
  void set_session_slot(Ref<SessionSlot> slot, std::uint64_t context_id);
  void keep_session(SessionHandle session);

 private:
  TlsStream(SslHandle ssl, int fd) : ssl_(std::move(ssl)), fd_(fd) {}

  // OpenSSL reads and writes through these: they know from the events when a system call would be in vain.
  static const bio_method_st* bio_method();
  static int bio_read(bio_st* bio, char* into, int size);
  static int bio_write(bio_st* bio, const char* bytes, int size);
  static long bio_control(bio_st* bio, int command, long number, void* pointer);

  enum class Doing : std::uint8_t { reading, writing };
  void advance_handshake();
  bool has_raw_input() const;
  std::string_view next_piece(std::span<const iovec> parts, std::size_t done) const;
  void take_outcome(int code, Doing doing);
  void fail(unsigned long reason);
  void send_fin();
  io::Transfer read_state() const;

  SslHandle ssl_;
  int fd_;
  int system_error_ = 0;
  std::uint64_t context_id_ = 0;
  Ref<SessionSlot> slot_;
  unsigned long failure_reason_ = 0;  ///< OpenSSL's, 0: the connection itself
  bool raw_readable_ = true;
  bool raw_writable_ = true;
  bool fin_here_ = false;
  bool eof_ = false;
  bool established_ = false;
  bool ended_ = false;  ///< close_notify came
  bool failed_ = false;
  bool permitted_ = false;
  bool wants_permit_ = false;
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool fin_wants_write_ = false;
};

}  // namespace gatehouse::tls

// SPDX-License-Identifier: Apache-2.0
#include "gateway/app.h"

#include <sys/prctl.h>

#include <csignal>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "config/file/file_source.h"
#include "config/file/file_watch.h"
#include "config/translate/endpoints.h"
#include "gateway/admin/admin_server.h"
#include "gateway/cluster_side.h"
#include "gateway/control_loop.h"
#include "gateway/drain.h"
#include "gateway/options.h"
#include "gateway/reaper.h"
#include "gateway/reconcile_loop.h"
#include "gateway/run_report.h"
#include "gateway/session_key_file.h"
#include "proxy/access_log.h"
#include "tls/ticket_keys.h"

namespace gatehouse::gateway {
namespace {

constexpr auto kGather = std::chrono::milliseconds(5);  // changes that come together are one pass
constexpr auto kRebind = std::chrono::seconds(2);       // a port that was taken is tried again
constexpr auto kLogFlush = std::chrono::milliseconds(2000);

/// Null when the system gives no random bytes: then every handshake is a full one.
std::shared_ptr<tls::TicketKeys> make_ticket_keys(const file::Settings& settings) {
  auto keys = tls::TicketKeys::create(system_clock().now(), settings.ticket_rotation);
  if (keys) return std::move(*keys);
  log_warning("TLS sessions are not resumed: {}", keys.error().detail);
  return nullptr;
}

proxy::ProxySettings with_tickets(proxy::ProxySettings settings,
                                  std::shared_ptr<const tls::TicketKeys> tickets) {
  settings.tickets = std::move(tickets);
  return settings;
}

/// Names of a cluster's objects belong to other people: what they are answered with must not lead inside.
NameResolver::Options resolver_options(const file::Settings& settings, proxy::ProcessProbe& probe) {
  NameResolver::Options options{{settings.dns_servers}, &probe};
  if (settings.kubernetes.enabled)
    options.refuses = [rules = translate_options(settings)](const SocketAddress& address) {
      return translate::leads_inside(address, rules);
    };
  return options;
}

/// Everything of one process, in the order of construction; destroyed in reverse.
class App {
 public:
  explicit App(const file::Settings& settings)
      : settings_(settings),
        session_key_(settings.session_key_file),
        tickets_(make_ticket_keys(settings)),
        proxy_settings_(with_tickets(proxy_settings(settings, session_key_.key()), tickets_)),
        probes_(worker_count(settings), settings.max_series),
        resolver_(resolver_options(settings, probes_.process()),
                  [this] { loop_.post([this] { schedule_names(); }); }),
        health_(probes_, reaper_),
        source_(settings.files, store_),
        watch_(settings.files),
        publisher_(workers_, [this](std::function<void()> f) { loop_.post(std::move(f)); }),
        reconcile_({publisher_, resolver_, health_, state_, probes_, proxy_settings_,
                    translate_options(settings), [this](auto statuses) { pass_on(std::move(statuses)); }}),
        run_report_(settings.output),
        drain_({loop_, workers_, state_, settings.drain_delay, settings.drain_timeout}) {}

  ~App() {
    if (cluster_) cluster_->stop();
    for (auto& worker : workers_) worker->stop();
    if (access_log_ && !access_log_->stop(kLogFlush))
      log_warning("access log: the last lines were not written in time");
  }

  int run() {
    // First, so that a signal that comes while the files are read waits for its turn.
    loop_.on_signal([this](int signal) { handle_signal(signal); });
    if (!session_key_is_usable() || !open_access_log() || !start_workers() || !open_source() ||
        !start_admin())
      return 2;
    if (cluster_) cluster_->start();
    if (watch_.fd() >= 0) loop_.on_readable(watch_.fd(), [this] { handle_file_events(); });
    if (!watch_.error().empty()) log_warning("files: {}; send SIGHUP after a change", watch_.error());
    rotate_tickets();
    loop_.run();
    return drain_.exit_code();
  }

 private:
  bool session_key_is_usable() const { return session_key_.error().empty() || fail(session_key_.error()); }

  bool open_access_log() {
    if (settings_.access_log == "off") return true;
    std::vector<metrics::Cell*> dropped;
    for (std::uint32_t i = 0; i < worker_count(settings_); ++i)
      dropped.push_back(&probes_.of_worker(i).worker().dropped_log_lines());
    AccessLogChoice choice = access_log_options();
    if (const auto* error = std::get_if<std::string>(&choice)) return fail(*error);
    auto opened = proxy::AccessLog::open(std::get<proxy::AccessLogOptions>(std::move(choice)), dropped);
    if (const auto* error = std::get_if<std::string>(&opened)) return fail(*error);
    access_log_ = std::move(std::get<std::unique_ptr<proxy::AccessLog>>(opened));
    return true;
  }

  using AccessLogChoice = std::variant<proxy::AccessLogOptions, std::string>;
  AccessLogChoice access_log_options() const {
    proxy::AccessLogOptions options;
    options.path = settings_.access_log;
    if (settings_.access_log_format == "json") return options;
    auto format = proxy::AccessLogFormat::compile(settings_.access_log_format);
    if (const auto* error = std::get_if<std::string>(&format)) return "access-log-format: " + *error;
    options.format = std::get<proxy::AccessLogFormat>(std::move(format));
    return options;
  }

  bool start_workers() {
    const auto count = worker_count(settings_);
    for (std::uint32_t i = 0; i < count; ++i) {
      auto* log = access_log_ ? &access_log_->shard(i) : nullptr;
      const proxy::WorkerContext::Options context{proxy_settings_, probes_.of_worker(i), log, reaper_};
      workers_.push_back(
          std::make_unique<Worker>(Worker::Options{i, connections_per_worker(count), context}));
      if (!workers_.back()->start())
        return fail("cannot start a worker: the system refuses an epoll instance");
    }
    if (!health_.start()) return fail("cannot check endpoints: the system refuses an epoll instance");
    log_info("{} worker{} started", count, count == 1 ? "" : "s");
    return true;
  }

  bool open_source() { return settings_.kubernetes.enabled ? open_cluster() : load_first(); }

  bool open_cluster() {
    auto made = ClusterSide::make(
        {settings_, loop_, store_, [this] { schedule_pass(); }, [this] { print_cluster_problems(); }});
    if (const auto* error = std::get_if<std::string>(&made)) return fail(*error);
    cluster_ = std::move(std::get<std::unique_ptr<ClusterSide>>(made));
    return true;
  }

  /// Nothing is published before every source has been read once.
  bool load_first() {
    const auto report = source_.load();
    if (settings_.files.empty()) return fail("nothing to serve: give at least one file or folder with -f");
    print(report);
    if (report.unreadable) return fail("a file or folder given with -f cannot be read");
    pass();
    return true;
  }

  bool start_admin() {
    if (!settings_.admin_address) return true;
    AdminHooks hooks;
    hooks.metrics = [this] {
      return probes_.render() + (cluster_ ? metrics_text(cluster_->figures()) : std::string());
    };
    hooks.config_dump = [this] { return state_.config_dump(); };
    hooks.endpoints = [this] { return state_.endpoints(); };
    hooks.statuses = [this] { return state_.statuses(); };
    hooks.readiness = [this] { return readiness(); };
    AdminOptions options;
    options.listen = *settings_.admin_address;
    auto started = AdminServer::start(options, std::move(hooks));
    if (const auto* error = std::get_if<std::string>(&started)) return fail(*error);
    admin_ = std::move(std::get<std::unique_ptr<AdminServer>>(started));
    return true;
  }

  Readiness readiness() const {
    auto readiness = state_.readiness();
    if (cluster_)
      for (auto& line : readiness_lines(cluster_->figures())) readiness.lines.push_back(std::move(line));
    return readiness;
  }

  bool fail(std::string_view why) const {
    log_error("cannot start: {}", why);
    return false;
  }

  void handle_signal(int signal) {
    switch (signal) {
      case SIGHUP:
        schedule_reload();
        return;
      case SIGUSR1:
        if (access_log_) access_log_->request_reopen();
        return;
      case SIGINT:
        if (cluster_) cluster_->hand_over();
        drain_.begin(Drain::Pace::at_once);
        return;
      default:
        if (cluster_) cluster_->hand_over();
        drain_.begin(Drain::Pace::with_delay);
        return;
    }
  }

  void handle_file_events() {
    if (watch_.drain()) schedule_reload();
  }

  /// What comes while one is due is part of it, so that a storm of events puts none of them off.
  void schedule_reload(std::chrono::milliseconds pause = kGather) {
    if (reload_due_) return;
    reload_due_ = true;
    loop_.after(ControlLoop::TimerName::reconcile, pause, [this] {
      reload_due_ = false;
      reload();
    });
  }

  /// A change of the cluster is served at once; what comes during a pass waits for the next, and passes stay
  /// apart so that a storm of changes is served by a few of them (K7).
  void schedule_pass() {
    if (reload_due_) return;
    reload_due_ = true;
    const auto since = system_clock().now() - last_pass_;
    const auto pause = since >= kGather ? std::chrono::milliseconds(0) : kGather;
    loop_.after(ControlLoop::TimerName::reconcile, pause, [this] {
      reload_due_ = false;
      pass();
    });
  }

  void pass_on(std::shared_ptr<const objects::Statuses> statuses) {
    if (cluster_) cluster_->set_statuses(store_.snapshot(), std::move(statuses));
  }

  /// Answers come one by one.
  void schedule_names() {
    loop_.after(ControlLoop::TimerName::names, kGather, [this] {
      reconcile_.renew_names();
      run_report_.show(reconcile_.config());
    });
  }

  void rotate_tickets() {
    if (!tickets_) return;
    tickets_->rotate_if_due(system_clock().now());
    loop_.after(ControlLoop::TimerName::tickets, settings_.ticket_rotation, [this] { rotate_tickets(); });
  }

  /// An API server is asked for nothing: its news come by themselves.
  void reload() {
    if (!cluster_) {
      const auto report = source_.load();
      print(report);
      if (report.unsettled) schedule_reload(file::kStampStep);
    }
    pass();
  }

  void print_cluster_problems() {
    const auto fresh = cluster_->fresh_problems();
    if (fresh.empty() && !had_problems_) return;
    const auto all = cluster_->problems();
    had_problems_ = !all.empty();
    print(fresh, all);
  }

  void pass() {
    reconcile_.run_once(store_.snapshot(), system_clock().wall());
    store_.forget_changes();
    last_pass_ = system_clock().now();
    run_report_.show(reconcile_.config());
    session_key_.look_at(reconcile_.config());
    if (publisher_.has_failed_binds())
      loop_.after(ControlLoop::TimerName::rebind, kRebind, [this] { pass(); });
    if (const auto expiry = reconcile_.next_expiry()) await_expiry(*expiry);
  }

  /// The machine's clock may be set meanwhile: it is looked at again at least every hour.
  void await_expiry(WallTime expiry) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(expiry - system_clock().wall());
    const auto pause =
        std::clamp<std::chrono::milliseconds>(left, std::chrono::seconds(1), std::chrono::hours(1));
    loop_.after(ControlLoop::TimerName::certificates, pause, [this] { pass(); });
  }

  /// Each problem is printed once; all that hold now are shown by /readyz?verbose.
  void print(const std::vector<objects::Problem>& fresh, const std::vector<objects::Problem>& all) {
    for (const auto& problem : fresh) {
      const bool is_error = problem.severity == objects::Severity::error;
      log_at(is_error ? LogLevel::error : LogLevel::warning, "{}", objects::to_line(problem));
      if (is_error) probes_.process().config_failed();
    }
    std::vector<std::string> lines;
    for (const auto& problem : all) lines.push_back(objects::to_line(problem));
    state_.set_problems(std::move(lines));
  }

  void print(const file::LoadReport& report) {
    print(report.fresh, report.problems);
    probes_.process().config_is_current(source_.broken_files().empty() ? 1 : 0);
  }

  const file::Settings& settings_;
  SessionKeyFile session_key_;
  const std::shared_ptr<tls::TicketKeys> tickets_;
  const proxy::ProxySettings proxy_settings_;
  ControlLoop loop_;
  PublishedState state_;
  proxy::Probes probes_;
  std::unique_ptr<proxy::AccessLog> access_log_;
  Reaper reaper_;
  std::vector<std::unique_ptr<Worker>> workers_;
  NameResolver resolver_;
  HealthChecker health_;
  objects::ObjectStore store_;
  file::FileSource source_;
  file::FileWatch watch_;
  Publisher publisher_;
  ReconcileLoop reconcile_;
  RunReport run_report_;
  Drain drain_;
  std::unique_ptr<ClusterSide> cluster_;  ///< null: the objects come from files
  std::unique_ptr<AdminServer> admin_;
  bool reload_due_ = false;
  bool had_problems_ = false;
  MonoTime last_pass_{};
};

}  // namespace

int run_app(const file::Settings& settings) {
  // A peer that has gone away is an error of one write, not of the process.
  std::signal(SIGPIPE, SIG_IGN);
#ifndef GATEHOUSE_SANITIZED  // the leak check attaches to its own process
  // Private keys stay out of core dumps and of other processes' reach (T10).
  prctl(PR_SET_DUMPABLE, 0);
#endif
  return App(settings).run();
}

}  // namespace gatehouse::gateway

// SPDX-License-Identifier: Apache-2.0
#include "gateway/health_checker.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "proxy/http/proxy_protocol.h"
#include "proxy/upstream/health_check.h"
#include "proxy/upstream/health_streak.h"

namespace gatehouse::gateway {
namespace {

using Kind = ir::ActiveHealthCheck::Kind;

constexpr auto kLongestSleep = std::chrono::seconds(60);
constexpr Duration kLongestFirstPause = std::chrono::seconds(1);
constexpr double kJitter = 0.1;  ///< of the interval, either way: checks of many gateways spread out

/// What a cluster that wants a PROXY header gets in front of a check, which is no client's: UNKNOWN or LOCAL.
std::string introduction(ir::ProxyProtocolOut wanted) {
  if (wanted == ir::ProxyProtocolOut::off) return {};
  const bool is_v1 = wanted == ir::ProxyProtocolOut::v1;
  return http::write_proxy_header(is_v1 ? http::ProxyVersion::v1 : http::ProxyVersion::v2, {});
}

bool is_checked(const proxy::ClusterRuntime& cluster) {
  const auto kind = cluster.config->active_health.kind;
  return cluster.health && kind != Kind::none;
}

}  // namespace

/// One endpoint that is checked. Lives until it is discharged and its last check has ended.
class HealthChecker::Patient final : public RefCounted<Patient>, private io::Timer {
 public:
  Patient(HealthChecker& checker, SocketAddress address, bool healthy)
      : io::Timer(&Patient::on_time),
        checker_(checker),
        address_(address),
        streak_(healthy),
        cancel_(*checker.loop_),
        probe_(nullptr) {}

  /// The same endpoint in the runtime that serves now.
  void adopt(const proxy::ClusterRuntime& cluster, std::size_t index, proxy::ClusterProbe probe) {
    const bool is_new = !config_;
    const bool check_changed = !is_new && !(config_->active_health == cluster.config->active_health);
    if (!streak_.is_healthy()) {
      if (!is_new) probe_.endpoint_recovered();  // the row may be another one now
      probe.endpoint_sickened();
    }
    config_ = cluster.config;
    tls_ = cluster.tls;
    health_ = cluster.health;
    index_ = index;
    probe_ = probe;
    if (is_new || (check_changed && armed())) schedule(first_pause());
  }

  void discharge() {
    is_discharged_ = true;
    io::Timer::cancel();
    cancel_.fire();
    if (!streak_.is_healthy()) probe_.endpoint_recovered();
  }

 private:
  static void on_time(io::Timer& timer) {
    auto& self = static_cast<Patient&>(timer);
    io::spawn(examine(Ref<Patient>(&self)));
  }

  static io::Task<void> examine(Ref<Patient> self) {
    ++self->checker_.checks_under_way_;
    const auto config = self->config_;  // stays although another may be adopted meanwhile
    const MonoTime began = self->loop().now();
    const auto header = introduction(config->proxy_protocol);
    auto plan = self->plan();
    plan.prologue = header;
    const auto outcome = co_await proxy::check_endpoint(self->loop(), self->address_, config->active_health,
                                                        plan, self->cancel_);
    --self->checker_.checks_under_way_;
    if (self->is_discharged_) co_return;
    self->record(outcome);
    self->schedule(began + self->interval() - self->loop().now());
  }

  void record(const proxy::CheckOutcome& outcome) {
    if (outcome.passed)
      probe_.check_passed();
    else
      probe_.check_failed();
    if (!streak_.record(outcome.passed, config_->active_health)) return;
    health_->set_healthy(index_, streak_.is_healthy());
    if (streak_.is_healthy()) {
      probe_.endpoint_recovered();
      log_info("health: {}: {} is healthy again", config_->key, address_.to_string());
    } else {
      probe_.endpoint_sickened();
      log_warning("health: {}: {} is unhealthy: {}", config_->key, address_.to_string(), outcome.why);
    }
  }

  void schedule(Duration pause) {
    loop().timers().arm(*this, loop().now() + std::max<Duration>(pause, io::TimerWheel::kTick));
  }
  Duration interval() {
    std::uniform_real_distribution<double> factor(1 - kJitter, 1 + kJitter);
    return std::chrono::duration_cast<Duration>(config_->active_health.interval * factor(dice()));
  }
  /// Soon, but not all of them in one moment.
  Duration first_pause() {
    const Duration most = std::min<Duration>(config_->active_health.interval, kLongestFirstPause);
    return Duration(std::uniform_int_distribution<Duration::rep>(0, most.count())(dice()));
  }
  static std::minstd_rand& dice() {
    thread_local std::minstd_rand dice{std::random_device{}()};
    return dice;
  }
  io::EventLoop& loop() { return *checker_.loop_; }
  proxy::DialPlan plan() const {
    proxy::DialPlan plan;
    plan.protocol = config_->protocol;
    plan.wants_tls = config_->tls != nullptr;
    plan.tls = tls_;
    return plan;
  }

  HealthChecker& checker_;
  const SocketAddress address_;
  proxy::HealthStreak streak_;
  io::CancelSource cancel_;
  proxy::ClusterProbe probe_;
  std::shared_ptr<const ir::Cluster> config_;
  std::shared_ptr<const tls::ClientContext> tls_;
  std::shared_ptr<proxy::EndpointHealth> health_;
  std::size_t index_ = 0;
  bool is_discharged_ = false;
};

HealthChecker::HealthChecker(const proxy::Probes& probes, proxy::RuntimeReaper& reaper)
    : probes_(probes), reaper_(reaper) {}

HealthChecker::~HealthChecker() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
}

bool HealthChecker::start() {
  auto loop = io::EventLoop::create();
  if (!loop) return false;
  loop_ = std::move(*loop);
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "health");
  return true;
}

void HealthChecker::run() {
  while (!loop_->is_stopping()) loop_->turn(kLongestSleep);
  discharge(patients_);
  while (checks_under_way_ != 0) loop_->turn(std::chrono::milliseconds(1));
  runtime_.reset();
}

void HealthChecker::watch(std::shared_ptr<const proxy::Runtime> runtime) {
  loop_->post([this, runtime = std::move(runtime)]() mutable { adopt(std::move(runtime)); });
}

void HealthChecker::adopt(std::shared_ptr<const proxy::Runtime> runtime) {
  Patients next;
  const bool any = std::any_of(runtime->clusters().begin(), runtime->clusters().end(), is_checked);
  runtime_.swap(runtime);
  if (any) {
    for (const auto& cluster : runtime_->clusters())
      if (is_checked(cluster)) adopt_cluster(cluster, next);
  }
  discharge(patients_);
  patients_.swap(next);
  if (!any) reaper_.take(std::move(runtime_));
  if (runtime) reaper_.take(std::move(runtime));
}

/// Moves those that stay from patients_ to `to`.
void HealthChecker::adopt_cluster(const proxy::ClusterRuntime& cluster, Patients& to) {
  const auto probe = probes_.of_health_thread(runtime_->cluster_row(cluster.id));
  const auto& endpoints = cluster.config->endpoints;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const auto ip = IpAddress::parse(endpoints[i].host);
    if (!ip) continue;  // a DNS name that has not been resolved yet
    const SocketAddress address{*ip, endpoints[i].port};
    const Key key{cluster.id, address};
    if (to.contains(key)) continue;
    auto known = patients_.extract(key);
    if (known.empty()) {
      const bool healthy = cluster.health->is_healthy(i);
      to.emplace(key, Ref<Patient>(new Patient(*this, address, healthy)));
    } else {
      to.insert(std::move(known));
    }
    to.find(key)->second->adopt(cluster, i, probe);
  }
}

void HealthChecker::discharge(Patients& patients) {
  for (auto& [key, patient] : patients) patient->discharge();
  patients.clear();
}

}  // namespace gatehouse::gateway

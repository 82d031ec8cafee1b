// SPDX-License-Identifier: Apache-2.0
// frugald: the gateway daemon. Reads its configuration, composes the gateway and runs the loop
// until SIGTERM or SIGINT; SIGHUP reloads the HTTPS certificate.
#include <csignal>
#include <cstdio>

#include <chrono>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "app/api.hpp"
#include "app/config.hpp"
#include "app/gateway.hpp"
#include "app/log.hpp"
#include "app/sandbox/model_trial.hpp"
#include "app/service_notification.hpp"
#include "base/fault_point.hpp"

namespace frugal::app {
namespace {

constexpr auto kStatusInterval = std::chrono::seconds(1);

base::Now read_clocks() {
    using std::chrono::duration_cast;
    const auto steady = std::chrono::steady_clock::now().time_since_epoch();
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {base::Instant{duration_cast<base::Duration>(steady)},
            base::WallTime{duration_cast<std::chrono::milliseconds>(wall).count()}};
}

/// Everything main owns, in the order it is made; destroyed the other way round.
class Daemon {
public:
    Daemon(const Config& config, const Log& log)
        : config_(config),
          log_(log),
          signals_(loop_, SIGTERM, SIGINT, SIGHUP),
          status_timer_(loop_) {}

    base::Result<void> start() {
        auto gateway = Gateway::open(loop_, config_, log_, read_clocks);
        if (!gateway) {
            return tl::unexpected(gateway.error());
        }
        gateway_ = std::move(*gateway);
        auto api = Api::open(loop_, config_, log_, *gateway_, read_clocks);
        if (!api) {
            return tl::unexpected(api.error());
        }
        api_ = std::move(*api);
        if (auto started = gateway_->start(); !started) {
            return started;
        }
        if (auto started = api_->start(); !started) {
            return started;
        }
        wait_for_signal();
        report_status();
        return {};
    }

    void run() {
        loop_.run();
        notification_.stopping();
        api_->stop();
        gateway_->stop();
        log_.write(LogLevel::kInfo, "daemon.stopped");
    }

private:
    void wait_for_signal() {
        signals_.async_wait([this](boost::system::error_code error, int signal) {
            if (error) {
                return;
            }
            if (signal == SIGHUP) {
                api_->reload_certificate();
                wait_for_signal();
                return;
            }
            log_.write(LogLevel::kInfo, "daemon.stopping", {{"signal", std::to_string(signal)}});
            loop_.stop();
        });
    }

    void report_status() {
        const core::Overview overview = gateway_->overview();
        if (!is_ready_ && gateway_->is_link_up()) {
            is_ready_ = true;
            notification_.ready();
            log_.write(LogLevel::kInfo, "daemon.ready", {{"site", config_.site_name}});
        }
        notification_.watchdog();
        notification_.status(
            fmt::format("{} of {} devices online, {} decisions stored, {} escalations answered",
                        overview.online, overview.device_count, overview.decisions_total,
                        overview.escalations.answered));
        api_->publish_overview(overview);
        auto interval = std::chrono::duration_cast<base::Duration>(kStatusInterval);
        if (notification_.watchdog_interval()) {
            interval = std::min(interval, *notification_.watchdog_interval());
        }
        status_timer_.expires_after(interval);
        status_timer_.async_wait([this](boost::system::error_code error) {
            if (!error) {
                report_status();
            }
        });
    }

    const Config& config_;
    const Log& log_;
    boost::asio::io_context loop_{1};
    boost::asio::signal_set signals_;
    boost::asio::steady_timer status_timer_;
    ServiceNotification notification_;
    std::unique_ptr<Gateway> gateway_;
    std::unique_ptr<Api> api_;
    bool is_ready_ = false;
};

int run(int argc, char** argv) {
    CLI::App app{"The Frugal edge gateway daemon.", "frugald"};
    std::string config_path = "/etc/frugal/frugal.toml";
    bool check_only = false;
    app.add_option("-c,--config", config_path, "configuration file")->capture_default_str();
    app.add_flag("--check-config", check_only, "read the configuration, report, and exit");
    app.set_version_flag("--version", "frugald " FRUGAL_VERSION);
    CLI11_PARSE(app, argc, argv);

    auto config = load_config(config_path);
    if (!config) {
        fmt::print(stderr, "frugald: {}\n", config.error().describe());
        return 2;
    }
    if (check_only) {
        fmt::print("{}: ok\n", config_path);
        return 0;
    }
    base::arm_fault_points();
    std::signal(SIGPIPE, SIG_IGN);
    const Log log(parse_log_level(config->log_level));
    Daemon daemon(*config, log);
    if (auto started = daemon.start(); !started) {
        log.error("daemon.start-failed", started.error());
        fmt::print(stderr, "frugald: {}\n", started.error().describe());
        return 1;
    }
    daemon.run();
    return 0;
}

}  // namespace
}  // namespace frugal::app

int main(int argc, char** argv) {
    // Our own child, see ModelTrial: no configuration, no options, nothing but one model to try.
    if (argc > 1 && argv[1] == frugal::app::kTrialArgument) {
        return frugal::app::trial_main(argc, argv);
    }
    return frugal::app::run(argc, argv);
}

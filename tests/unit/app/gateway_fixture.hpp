// SPDX-License-Identifier: Apache-2.0
// The real Gateway of one test: a broker of its own, a real database file, and one device that is
// an MQTT client speaking Protobuf. Everything runs on the test's thread, in run_until().
#pragma once

#include <gtest/gtest.h>

#include <thread>

#include <boost/asio/io_context.hpp>

#include "app/gateway.hpp"
#include "app/site_setup.hpp"
#include "frugal/v1/downlink.pb.h"
#include "frugal/v1/uplink.pb.h"
#include "storage/database.hpp"
#include "storage/reader.hpp"
#include "unit/net/local_broker.hpp"

namespace frugal::app {

inline base::Now real_clocks() {
    const auto steady = std::chrono::steady_clock::now().time_since_epoch();
    return {base::Instant{std::chrono::duration_cast<base::Duration>(steady)}, {1'000'000}};
}

class GatewayTest : public ::testing::Test {
protected:
    static constexpr std::uint64_t kStream = 77;
    static constexpr std::uint32_t kBatch = 16;

    void SetUp() override {
        if (!tests::LocalBroker::is_installed()) {
            GTEST_SKIP() << "no " << tests::LocalBroker::kProgram;
        }
        broker = std::make_unique<tests::LocalBroker>();
        const auto site = broker->directory() / "site";
        SiteChoices choices;
        choices.directory = site;
        choices.mqtt_socket = broker->socket();
        const auto made = make_site(choices, {});
        ASSERT_TRUE(made) << made.error().describe();
        config.site_directory = site.string();
        config.mqtt_url = "unix://" + broker->socket();
        config.store_ballast_bytes = 0;
        database_path = SiteFiles(config.site_directory).database();
        store_site();
    }

    /// A device, and a task whose edge model has lost its bytes.
    void store_site() {
        core::WriteBatch batch;
        core::DeviceRecord record{.number = core::DeviceNumber{0},
                                  .id = *base::DeviceId::parse("dev")};
        record.state = core::DeviceState::kEnrolled;
        batch.records = {
            record, core::TaskRecord{.task = 1, .name = "task"},
            core::EdgeModelRecord{.task = 1, .digest = {1}, .name = "gone", .input_bytes = 3}};
        auto database = storage::Database::open({.path = database_path});
        ASSERT_TRUE(database) << database.error().describe();
        ASSERT_TRUE(database->commit(batch));
    }

    void start() {
        auto opened = Gateway::open(loop, config, log, real_clocks);
        ASSERT_TRUE(opened) << opened.error().describe();
        gateway = std::move(*opened);
        gateway->on_log([this](const core::Log& line) { lines.push_back(line); });
        ASSERT_TRUE(gateway->start());
        net::MqttSettings settings;
        settings.host = broker->socket();
        settings.port = 0;
        settings.client_id = "dev";
        settings.subscriptions = {topic("down") + "#"};
        device = std::make_unique<net::MqttLink>(
            loop, settings,
            net::MqttLink::Handlers{[this](const net::MessageBatch& batch) { hear(batch); },
                                    [](const net::LinkChange&) {}});
        ASSERT_TRUE(device->start());
        run_until([&] { return gateway->is_link_up() && device->is_up(); });
    }

    void TearDown() override {
        device.reset();
        if (gateway) {
            gateway->stop();
        }
        gateway.reset();
    }

    template <typename Condition>
    void run_until(const Condition& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), end) << "it never happened";
            loop.restart();
            loop.run_one_for(std::chrono::milliseconds(20));
        }
    }

    std::string topic(const std::string& direction) const {
        return "frugal/v1/" + config.site_name + "/dev/" + direction + "/";
    }

    void say(const std::string& kind, const google::protobuf::MessageLite& message) {
        ASSERT_TRUE(device->publish(topic("up") + kind, base::as_bytes(message.SerializeAsString()),
                                    net::Qos::kAtMostOnce));
    }

    void say_hello(const std::vector<v1::TaskState>& tasks = {}) {
        v1::Hello hello;
        hello.set_protocol(1);
        hello.set_device("dev");
        hello.set_stream(kStream);
        hello.set_boot_epoch(1);
        auto& capability = *hello.mutable_capability();
        capability.set_device_class("m4");
        capability.set_runtime_abi(1);
        capability.set_arena_bytes(65536);
        capability.set_slot_bytes(262144);
        capability.set_staging_bytes(262144);
        capability.set_block_bytes(1024);
        capability.set_decoder_ram_bytes(4096);
        capability.set_decoder_profiles(2);
        capability.set_features_bytes_max(4096);
        capability.set_slots(2);
        for (const auto& task : tasks) {
            *hello.add_tasks() = task;
        }
        say("hello", hello);
        run_until([&] { return epoch > 0; });
    }

    /// Decisions [first, first + kBatch): always the same ones, as a device repeats them.
    void decide(std::uint64_t first) {
        v1::Decisions decisions;
        decisions.set_stream(kStream);
        decisions.set_boot_epoch(1);
        decisions.set_first_sequence(first);
        decisions.set_task(1);
        decisions.set_release(1);
        decisions.set_start_ticks(100);
        decisions.add_delta_ticks(10);
        for (std::uint32_t i = 0; i < kBatch; ++i) {
            decisions.add_classes(static_cast<std::uint32_t>(first + i) % 8);
        }
        decisions.add_doubts(55);
        decisions.add_outcomes(17);
        decisions.set_energy_uj(40);
        say("decisions", decisions);
    }

    void hear(const net::MessageBatch& batch) {
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const auto message = batch[i];
            const auto size = static_cast<int>(message.payload.size());
            if (message.topic.ends_with("/ack")) {
                v1::Ack ack;
                ASSERT_TRUE(ack.ParseFromArray(message.payload.data(), size));
                // I3: what is acknowledged is in the file already, whoever looks.
                EXPECT_GE(stored(), ack.next_sequence());
                acked = ack.next_sequence();
                epoch = ack.fencing_epoch();
            } else if (message.topic.ends_with("/desired")) {
                ASSERT_TRUE(desired.ParseFromArray(message.payload.data(), size));
                epoch = desired.fencing_epoch();
                ++desired_count;
            } else if (message.topic.ends_with("/verdict")) {
                ++verdicts;
            }
        }
    }

    std::uint64_t stored() const {
        auto reader = storage::Reader::open(database_path);
        EXPECT_TRUE(reader);
        return reader->count_decisions().value();
    }
    std::size_t logged(core::LogEvent event) const {
        return static_cast<std::size_t>(std::count_if(
            lines.begin(), lines.end(), [&](const auto& line) { return line.event == event; }));
    }

    std::unique_ptr<tests::LocalBroker> broker;
    std::filesystem::path database_path;
    Config config;
    Log log{LogLevel::kError};
    boost::asio::io_context loop{1};
    std::unique_ptr<Gateway> gateway;
    std::unique_ptr<net::MqttLink> device;
    std::vector<core::Log> lines;
    std::uint64_t acked = 0;
    std::uint64_t epoch = 0;
    std::size_t verdicts = 0;
    v1::Desired desired;  ///< what the device was told last
    std::size_t desired_count = 0;
};

}  // namespace frugal::app

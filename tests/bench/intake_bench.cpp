// SPDX-License-Identifier: Apache-2.0
// intake_bench [--json] [DIRECTORY]: decisions per second through decoding, the core, and the
// database, each alone and all together, with batches of 8 and 16 from 1,000 devices. The database
// is made in DIRECTORY (default: the temporary directory) and deleted.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/tick.hpp"
#include "storage/database.hpp"
#include "wire/device_messages.hpp"

namespace {

using namespace std::chrono_literals;
namespace core = frugal::core;
namespace base = frugal::base;

constexpr std::uint32_t kDevices = 1000;
constexpr std::uint32_t kRounds = 60;

struct Message {
    std::uint32_t device = 0;
    base::Bytes payload;
};

base::DeviceId device_id(std::uint32_t number) {
    return *base::DeviceId::parse(fmt::format("sensor-{:05}", number));
}

core::Snapshot make_snapshot() {
    core::Snapshot snapshot;
    for (std::uint32_t i = 0; i < kDevices; ++i) {
        core::DeviceRecord device{.number = static_cast<core::DeviceNumber>(i),
                                  .id = device_id(i),
                                  .state = core::DeviceState::kEnrolled};
        core::StreamRecord stream;
        stream.number = static_cast<core::StreamNumber>(i);
        stream.device = device.number;
        stream.id = {i + 1};
        snapshot.devices.push_back(std::move(device));
        snapshot.streams.push_back(stream);
    }
    return snapshot;
}

std::vector<Message> make_messages(std::uint32_t batch) {
    std::vector<Message> messages;
    for (std::uint32_t round = 0; round < kRounds; ++round) {
        for (std::uint32_t device = 0; device < kDevices; ++device) {
            core::Decisions decisions{.stream = {device + 1},
                                      .first_sequence = std::uint64_t{round} * batch,
                                      .boot_epoch = 1,
                                      .task = 1,
                                      .release = 2,
                                      .energy_uj = 900,
                                      .count = batch};
            for (std::uint32_t i = 0; i < batch; ++i) {
                decisions.ticks[i] = 1'000'000 + round * 100 + i * 6 + i % 2;
                decisions.classes[i] = static_cast<std::uint8_t>((device + i) % 10);
                decisions.confidences[i] = static_cast<std::uint8_t>(255 - (device * 7 + i) % 90);
                decisions.outcomes[i] = 0x11;
            }
            messages.push_back({device, frugal::wire::encode_up(core::UpMessage{decisions})});
        }
    }
    return messages;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Figures {
    std::uint32_t batch = 0;
    double wire = 0;
    double core = 0;
    double storage = 0;
    double together = 0;
    double bytes_per_decision = 0;
    double stored_bytes_per_decision = 0;
};

std::vector<core::Event> decode(const std::vector<Message>& messages) {
    std::vector<core::Event> events;
    events.reserve(messages.size());
    for (const auto& message : messages) {
        auto decoded = frugal::wire::decode_up(core::UpKind::kDecisions, message.payload);
        events.push_back(core::DeviceMessage{device_id(message.device), std::move(*decoded),
                                             static_cast<std::uint32_t>(message.payload.size())});
    }
    return events;
}

// Runs the events through a tick in slices; `commit` gets every batch.
template <typename Commit>
void drive(std::vector<core::Event> events, std::size_t slice, const Commit& commit) {
    core::CoreConfig config;
    config.tick.batch_rows = 65'536;
    core::Tick tick(make_snapshot(), config);
    base::Now now{base::Instant{1s}, base::WallTime{1'700'000'000'000}};
    auto output = tick.boot(now);
    std::size_t next = 0;
    while (output.commit || next < events.size()) {
        if (output.commit) {
            commit(*output.commit->batch);
            output = tick.on_commit(output.commit->id, {}, now);
            continue;
        }
        std::vector<core::Event> some;
        for (; next < events.size() && some.size() < slice; ++next) {
            some.push_back(std::move(events[next]));
        }
        now.instant = now.instant + 1ms;
        output = tick.step(std::move(some), now);
    }
}

Figures measure(std::uint32_t batch, const std::filesystem::path& directory) {
    const auto messages = make_messages(batch);
    const double decisions = static_cast<double>(messages.size()) * batch;
    Figures figures{.batch = batch};
    std::size_t payload = 0;
    for (const auto& message : messages) {
        payload += message.payload.size();
    }
    figures.bytes_per_decision = static_cast<double>(payload) / decisions;

    auto start = std::chrono::steady_clock::now();
    auto events = decode(messages);
    figures.wire = decisions / seconds_since(start);

    std::vector<core::WriteBatch> batches;
    start = std::chrono::steady_clock::now();
    drive(std::move(events), 128, [](const core::WriteBatch&) {});
    figures.core = decisions / seconds_since(start);
    drive(decode(messages), 128,
          [&](const core::WriteBatch& written) { batches.push_back(written); });

    const frugal::storage::DatabaseOptions options{.path = directory / "bench.db"};
    {
        auto database = frugal::storage::Database::open(options);
        start = std::chrono::steady_clock::now();
        for (const auto& written : batches) {
            if (!database->commit(written)) {
                std::abort();
            }
        }
        figures.storage = decisions / seconds_since(start);
        if (!database->checkpoint()) {
            std::abort();
        }
        figures.stored_bytes_per_decision =
            static_cast<double>(std::filesystem::file_size(options.path)) / decisions;
    }
    std::filesystem::remove(options.path);
    batches.clear();
    {
        auto database = frugal::storage::Database::open(options);
        start = std::chrono::steady_clock::now();
        drive(decode(messages), 128, [&](const core::WriteBatch& written) {
            if (!database->commit(written)) {
                std::abort();
            }
        });
        figures.together = decisions / seconds_since(start);
    }
    std::filesystem::remove(options.path);
    return figures;
}

}  // namespace

int main(int argc, char** argv) {
    bool is_json = false;
    std::filesystem::path parent = std::filesystem::temp_directory_path();
    for (int i = 1; i < argc; ++i) {
        if (std::string(argv[i]) == "--json") {
            is_json = true;
        } else {
            parent = argv[i];
        }
    }
    std::string pattern = (parent / "frugal-bench-XXXXXX").string();
    const std::filesystem::path directory = ::mkdtemp(pattern.data());
    if (!is_json) {
        fmt::print(
            "batch  decode/s    core/s  storage/s  all on one thread/s  B on wire  B stored\n");
    }
    for (const std::uint32_t batch : {1U, 8U, 16U}) {
        const auto figures = measure(batch, directory);
        if (is_json) {
            fmt::print(
                "{{\"batch\":{},\"decode_per_s\":{:.0f},\"core_per_s\":{:.0f},"
                "\"storage_per_s\":{:.0f},\"together_per_s\":{:.0f},\"wire_bytes\":{:.2f},"
                "\"stored_bytes\":{:.1f}}}\n",
                figures.batch, figures.wire, figures.core, figures.storage, figures.together,
                figures.bytes_per_decision, figures.stored_bytes_per_decision);
        } else {
            fmt::print("{:5} {:9.0f} {:9.0f} {:10.0f} {:20.0f} {:10.2f} {:9.1f}\n", figures.batch,
                       figures.wire, figures.core, figures.storage, figures.together,
                       figures.bytes_per_decision, figures.stored_bytes_per_decision);
        }
    }
    std::filesystem::remove_all(directory);
}

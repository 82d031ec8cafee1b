// SPDX-License-Identifier: Apache-2.0
#include "campaign.hpp"

#include <algorithm>

namespace frugal::test {
namespace {

std::uint64_t hash_of(const std::vector<std::uint8_t>& bytes) {
    std::uint64_t hash = 1469598103934665603ULL;
    for (const auto byte : bytes) {
        hash = (hash ^ byte) * 1099511628211ULL;
    }
    return hash;
}

bool is_drained(const DeviceWorld& world) {
    return fr_node_acked_sequence(&world.node) == fr_node_next_sequence(&world.node);
}

}  // namespace

std::string describe(const std::vector<Cut>& cuts) {
    static constexpr const char* kTears[] = {"clean", "half", "done", "noise"};
    std::string text;
    for (const auto& cut : cuts) {
        text += " " + std::to_string(cut.operation) + "/" + kTears[static_cast<int>(cut.tear)];
    }
    return text;
}

Campaign::Campaign(const ReleaseMaker& maker, Scenario scenario)
    : maker_(maker), scenario_(std::move(scenario)) {
    DeviceWorld world(maker_, scenario_.shape);
    scenario_.prepare(world);
    world.disconnect();
    image_ = world.flash.bytes;
    site_ = world.site;
    burned_before_ = world.status().burned_counter;
    scenario_.change(site_);
    site_.chunk_bytes_sent = 0;

    DeviceWorld calm(maker_, scenario_.shape);
    restore(calm);
    drive(calm);
    operations_ = calm.flash.operations();
    declared_dropped_ = calm.site.declared_dropped;
    judge_end(calm, "undisturbed", 0);
}

void Campaign::restore(DeviceWorld& world) const {
    world.flash.bytes = image_;
    world.site = site_;
    protect(world);
}

/// I9: the slot confirmed last is not touched while another one is a candidate or being written.
void Campaign::protect(DeviceWorld& world) const {
    world.flash.guard = [&world](std::uint32_t offset, std::uint32_t size) -> std::string {
        const auto& layout = world.node.layout;
        const auto& task = world.node.state.tasks[0];
        for (const int slot : {task.confirmed, task.active}) {
            const auto start = layout.slots + static_cast<std::uint32_t>(slot) * layout.slot_bytes;
            if (slot >= 0 && offset < start + layout.slot_bytes && offset + size > start) {
                return "I9: the running or confirmed slot is written";
            }
        }
        return "";
    };
}

/// Boots and goes on until the scenario is over or the power is cut. @return whether it is over.
bool Campaign::drive(DeviceWorld& world) {
    const auto status = world.boot();
    if (world.flash.is_cut()) {
        return false;
    }
    if (status != FR_OK) {
        return false;
    }
    world.connect();
    for (int round = 0; round < 120 && !world.flash.is_cut(); ++round) {
        world.run(700);
        const bool is_over = scenario_.is_over(world);
        if (is_over && is_drained(world)) {
            return !world.flash.is_cut();
        }
        if (!is_over && !world.flash.is_cut()) {
            (void)world.submit();
        }
        const bool has_model = world.status().active_slot >= 0;
        if (has_model && world.status().phase == FR_PHASE_REVERTED && round % 8 == 7) {
            world.disconnect();  // the site tells its wish again at the next hello
            world.connect();
        }
    }
    return false;
}

void Campaign::complain(const std::string& where, const std::string& what) {
    if (problems_.size() < 20) {
        problems_.push_back(scenario_.name + " [" + where + "]: " + what);
    }
}

/// I6, I8: what it runs after a cut is one of the releases, verified, and no counter went back.
void Campaign::judge_boot(DeviceWorld& world, const std::string& where) {
    const auto status = world.status();
    const auto& allowed = scenario_.allowed_releases;
    if (std::find(allowed.begin(), allowed.end(), status.release) == allowed.end()) {
        complain(where, "I6: runs release " + std::to_string(status.release));
    }
    if (status.burned_counter < burned_before_) {
        complain(where, "I8: the burned counter went back");
    }
    if (status.active_slot != status.confirmed_slot && status.burned_counter > burned_before_) {
        complain(where, "I8: burned before confirmed");
    }
    if (status.has_model && status.release == status.burned_counter &&
        status.active_slot != status.confirmed_slot) {
        complain(where, "I8: a candidate's counter is burned");
    }
}

void Campaign::judge_end(const DeviceWorld& world, const std::string& where, std::size_t cuts,
                         std::uint32_t refetch_bytes) {
    const auto& site = world.site;
    for (const auto& complaint : site.complaints) {
        complain(where, "site: " + complaint);
    }
    for (const auto& breach : world.flash.breaches()) {
        complain(where, "flash: " + breach);
    }
    const auto produced = fr_node_next_sequence(&world.node);
    const auto on_device = produced - fr_node_oldest_sequence(&world.node);
    if (site.stored.size() + site.declared_dropped + on_device != produced) {
        complain(where, "I4: produced " + std::to_string(produced) + ", stored " +
                            std::to_string(site.stored.size()) + ", declared " +
                            std::to_string(site.declared_dropped));
    }
    std::set<std::uint64_t> told;
    for (const auto& decision : world.decided) {
        if (!told.insert(decision.sequence).second) {
            complain(where, "a decision was told twice");
        }
    }
    if (site.wanted) {
        const auto& layout = site.wanted->artifact.layout;
        const auto unit = std::max(scenario_.shape.sector_size, layout.block_bytes);
        const auto window = scenario_.shape.fetch_credit * layout.block_bytes;
        const auto allowed = layout.size_bytes + refetch_bytes + (unit + window) * cuts;
        if (site.chunk_bytes_sent > allowed) {
            complain(where, "I11: " + std::to_string(site.chunk_bytes_sent) + " bytes sent for " +
                                std::to_string(layout.size_bytes));
        }
    }
    if (world.counters().internal_errors != 0) {
        complain(where, "impossible state and event met");
    }
}

void Campaign::run_with_fault(std::uint64_t operation, Tear tear) {
    DeviceWorld world(maker_, scenario_.shape);
    restore(world);
    ++runs_;
    const auto where = "fault" + describe({{operation, tear}});
    world.flash.fail_at(operation, tear);
    // A boot whose flash fails may say so; the application boots again.
    if (!drive(world) && !drive(world)) {
        complain(where, "does not come to its end: phase " + std::to_string(world.status().phase) +
                            " reason " + std::to_string(world.status().reason));
    }
    judge_end(world, where, 2, scenario_.refetch_bytes);
}

void Campaign::run(const std::vector<Cut>& cuts) {
    DeviceWorld world(maker_, scenario_.shape);
    restore(world);
    ++runs_;
    const auto where = describe(cuts);
    std::size_t happened = 0;
    for (const auto& cut : cuts) {
        world.flash.power_on();
        world.flash.cut_at(cut.operation, cut.tear);
        if (drive(world)) {
            break;
        }
        ++happened;
        ++reboots_;
        states_.insert(hash_of(world.flash.bytes));
    }
    world.flash.power_on();
    if (happened == cuts.size()) {
        // Look at what a plain boot makes of it before going on.
        if (world.boot() != FR_OK) {
            complain(where, "does not boot");
            return;
        }
        judge_boot(world, where);
        if (!drive(world)) {
            complain(where, "does not come to its end: phase " +
                                std::to_string(world.status().phase) + " reason " +
                                std::to_string(world.status().reason));
        }
    }
    judge_end(world, where, happened);
}

}  // namespace frugal::test

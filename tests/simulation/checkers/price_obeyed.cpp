// SPDX-License-Identifier: Apache-2.0
// I29: a device asks the edge for no task whose price, as it was told last, forbids it; what it was
// told of another task changes nothing.
#include <map>

#include <fmt/format.h>

#include "simulation/checkers/make.hpp"

namespace frugal::simulation {

namespace {

constexpr std::uint32_t kForbids = 255;

class PriceObeyed final : public Checker {
public:
    using Checker::Checker;

    void on_price(std::size_t device, std::uint32_t task, std::uint32_t price) override {
        told_[device][task] = price;
        if (price == kForbids) {
            trace_.sometimes("a task that may not be asked for");
        }
    }

    void on_asked(std::size_t device, std::uint32_t task) override {
        const auto& prices = told_[device];
        const auto price = prices.find(task);
        if (price != prices.end() && price->second == kForbids) {
            trace_.violate("I29", fmt::format("device {} asks for task {}, whose price {} was the "
                                              "last that it was told",
                                              device, task, kForbids));
        }
    }

    // Prices are kept in memory only.
    void on_boot(const DeviceView& device, fr_status_t) override { told_.erase(device.index); }
    void on_power_off(std::size_t device) override { told_.erase(device); }

private:
    std::map<std::size_t, std::map<std::uint32_t, std::uint32_t>> told_;  ///< by device and task
};

}  // namespace

std::unique_ptr<Checker> make_price_obeyed(const Oracle& o, Trace& t, const Options& s) {
    return std::make_unique<PriceObeyed>(o, t, s);
}

}  // namespace frugal::simulation

// SPDX-License-Identifier: Apache-2.0
// What the parts of the LeNet bench share: options, images, the dense network and the figures so
// far. Bench code only, one thread.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <set>
#include <string>

#include "model/compress/network.hpp"

namespace frugal::bench {

struct Options {
    bool json = false;
    std::filesystem::path data;
    std::filesystem::path keep;
    std::set<std::string> parts;
};

struct World {
    Options options;
    model::Dataset train;
    model::Dataset held_back;
    model::Dataset test;
    model::Network dense;
    double dense_error = 0;
    double dense_held_back_error = 0;
    std::string json;
};

inline void say(const World& world, const std::string& line) {
    std::FILE* out = world.options.json ? stderr : stdout;
    fmt::print(out, "{}\n", line);
    std::fflush(out);
}

}  // namespace frugal::bench

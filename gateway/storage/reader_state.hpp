// SPDX-License-Identifier: Apache-2.0
// Private to this folder: what Reader holds, and how its questions collect rows.
#pragma once

#include <unordered_map>
#include <vector>

#include "storage/reader.hpp"
#include "storage/sqlite.hpp"

namespace frugal::storage {

struct Reader::State {
    struct Source {
        base::DeviceId device;
        base::StreamId stream;
    };
    Connection connection;
    std::unordered_map<std::int64_t, Source> sources;  ///< by stream number; rows name streams
};

template <typename Number>
Number as(const Statement& row, int column) {
    return static_cast<Number>(row.number_at(column));
}

template <typename Value>
tl::unexpected<base::Error> pass_on(const base::Result<Value>& failed) {
    return tl::unexpected<base::Error>(failed.error());
}

/// Collects what `take` makes of each row.
template <typename Value, typename Take>
base::Result<std::vector<Value>> collect(Statement& statement, const Take& take) {
    std::vector<Value> values;
    while (true) {
        const auto has_row = statement.row();
        if (!has_row) {
            return pass_on(has_row);
        }
        if (!*has_row) {
            return values;
        }
        values.push_back(take(statement));
    }
}

}  // namespace frugal::storage

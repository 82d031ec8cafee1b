// SPDX-License-Identifier: Apache-2.0
// Private to TrustedReader's files: columns of a row as values of the core, and the loop over rows.
// Says what is damaged instead of guessing.
#pragma once

#include "storage/packing.hpp"
#include "storage/trusted_reader.hpp"

namespace frugal::storage {

template <typename Number>
Number as(const Statement& row, int column) {
    return static_cast<Number>(row.number_at(column));
}

inline base::WallTime wall(const Statement& row, int column) {
    return {row.number_at(column)};
}

template <std::size_t size>
std::array<std::uint8_t, size> array_at(const Statement& row, int column, bool& is_good) {
    Unpacker from(row.bytes_at(column));
    const auto result = from.array<size>();
    is_good = is_good && from.is_good() && from.is_at_end();
    return result;
}

inline tl::unexpected<base::Error> damaged(std::string_view table) {
    return tl::unexpected<base::Error>(sqlite_error(SQLITE_CORRUPT,
                                                    "table " + std::string(table) + " not read",
                                                    "a row holds what the gateway never writes"));
}

template <typename Take>
base::Result<void> TrustedReader::each(std::string_view sql, std::string_view table,
                                       const Take& take) {
    auto row = connection_.prepare(sql);
    if (!row) {
        return tl::unexpected<base::Error>(row.error());
    }
    while (true) {
        const auto has_row = row->row();
        if (!has_row) {
            return tl::unexpected<base::Error>(has_row.error());
        }
        if (!*has_row) {
            return {};
        }
        if (!take(*row)) {
            return damaged(table);
        }
    }
}

}  // namespace frugal::storage

// SPDX-License-Identifier: Apache-2.0
#include "storage/migration.hpp"

#include "base/fault_point.hpp"

namespace frugal::storage {

namespace {

constexpr std::int64_t kApplicationId = 0x46524731;  // "FRG1"

}  // namespace

base::Result<void> check_version(Connection& connection, const std::string& path) {
    const auto version = connection.number("PRAGMA user_version");
    if (!version) {
        return tl::unexpected<base::Error>(version.error());
    }
    if (*version > static_cast<std::int64_t>(migrations().size())) {
        return base::fail(base::ErrorKind::kUnsupported, "database " + path + " not opened",
                          "its schema is version " + std::to_string(*version) +
                              ", this program knows up to " + std::to_string(migrations().size()),
                          "Start the newer frugald, or restore the backup made before the upgrade");
    }
    const auto application = connection.number("PRAGMA application_id");
    const auto tables = connection.number("SELECT count(*) FROM sqlite_schema");
    if (!application || !tables) {
        return tl::unexpected<base::Error>(application ? tables.error() : application.error());
    }
    if (*tables > 0 && *application != kApplicationId) {
        return base::fail(base::ErrorKind::kUnsupported, "database " + path + " not opened",
                          "it was made by another program", "Name another file");
    }
    return {};
}

base::Result<void> migrate(Connection& connection, std::size_t version) {
    const auto known = migrations();
    auto present = connection.number("PRAGMA user_version");
    if (!present) {
        return tl::unexpected<base::Error>(present.error());
    }
    for (auto next = static_cast<std::size_t>(*present); next < version; ++next) {
        const auto statements = "BEGIN IMMEDIATE;" + std::string(known[next]) +
                                ";PRAGMA application_id=" + std::to_string(kApplicationId) +
                                ";PRAGMA user_version=" + std::to_string(next + 1) + ";";
        if (const auto done = connection.run(statements); !done) {
            return base::fail(done.error(), "migration to version " + std::to_string(next + 1));
        }
        base::fault_point("storage.migrate");
        if (const auto done = connection.run("COMMIT"); !done) {
            return base::fail(done.error(), "migration to version " + std::to_string(next + 1));
        }
    }
    return {};
}

}  // namespace frugal::storage

// SPDX-License-Identifier: Apache-2.0
// Brings a database to the schema this program knows: each migration in one transaction with its
// version number, so that an interrupted one leaves exactly the version before or after. Refuses
// newer and foreign databases without writing.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"
#include "storage/sqlite.hpp"

namespace frugal::storage {

/// Statements of each migration, version 1 first.
std::span<const std::string_view> migrations();

/// kUnsupported if the database was made by a newer version or is not Frugal's. Reads only.
base::Result<void> check_version(Connection& connection, const std::string& path);

/// Applies what is missing up to `version`. kStorage.
base::Result<void> migrate(Connection& connection, std::size_t version);

}  // namespace frugal::storage

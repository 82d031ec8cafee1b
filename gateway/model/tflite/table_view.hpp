// SPDX-License-Identifier: Apache-2.0
// A FlatBuffers table read field by field where the schema here does not say what the fields are:
// the options of operators. FlatBuffers' verifier has seen that the table and its list of fields
// lie in the file, and nothing of the fields; every read here is checked. Inside this folder only;
// a view of the file, any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.hpp"

namespace frugal::model {

class TableView {
public:
    /// More than any options have; of a list of fields that is longer no field is looked at.
    static constexpr std::uint32_t kFieldsMax = 64;

    /// @param table begins inside the file
    TableView(base::ByteView file, const void* table);

    /// Fields the table has room for, there or not.
    std::uint32_t field_count() const { return field_count_; }

    /// That the table says it has the field; where, may still be wrong.
    bool has(std::uint32_t field) const { return offset_of(field) != 0; }

    /// From the field up to the next one or the end of the table; empty if it is not there or lies
    /// outside the table or the file.
    base::ByteView bytes_of(std::uint32_t field) const;

    template <typename T>
    T number(std::uint32_t field, T absent) const {
        const base::ByteView bytes = bytes_of(field);
        if (bytes.size() >= sizeof(T)) {
            std::memcpy(&absent, bytes.data(), sizeof(T));
        }
        return absent;
    }

    /// The elements of a vector; absent if any of it leaves the file.
    std::optional<base::ByteView> vector_of(std::uint32_t field, std::size_t element_bytes) const;

private:
    std::uint32_t offset_of(std::uint32_t field) const;
    template <typename T>
    T read(std::uint64_t position) const;

    base::ByteView file_;
    std::uint64_t position_ = 0;  ///< of the table, in the file
    std::uint64_t list_ = 0;      ///< of the offsets of its fields, in the file
    std::uint32_t field_count_ = 0;
    std::uint32_t size_bytes_ = 0;
};

}  // namespace frugal::model

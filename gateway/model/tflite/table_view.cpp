// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/table_view.hpp"

#include <algorithm>

namespace frugal::model {

namespace {

constexpr std::uint32_t kHeadBytes = 4;  // of the list: its own size, that of the table

}  // namespace

template <typename T>
T TableView::read(std::uint64_t position) const {
    T value{};
    if (position <= file_.size() && sizeof(T) <= file_.size() - position) {
        std::memcpy(&value, file_.data() + position, sizeof(T));
    }
    return value;
}

TableView::TableView(base::ByteView file, const void* table)
    : file_(file),
      position_(static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(table) - file.data())) {
    // The list lies before the table or behind it; a place before the file wraps beyond its end.
    const std::uint64_t begin =
        position_ - static_cast<std::uint64_t>(std::int64_t{read<std::int32_t>(position_)});
    const std::uint32_t list_bytes = read<std::uint16_t>(begin);
    size_bytes_ = read<std::uint16_t>(begin + sizeof(std::uint16_t));
    list_ = begin + kHeadBytes;
    field_count_ = list_bytes < kHeadBytes ? 0 : (list_bytes - kHeadBytes) / 2;
}

std::uint32_t TableView::offset_of(std::uint32_t field) const {
    return field < field_count_ ? read<std::uint16_t>(list_ + 2ULL * field) : 0U;
}

base::ByteView TableView::bytes_of(std::uint32_t field) const {
    const std::uint32_t begin = field_count_ <= kFieldsMax ? offset_of(field) : 0;
    std::uint32_t end = size_bytes_;
    for (std::uint32_t i = 0; begin != 0 && i < field_count_; ++i) {
        const std::uint32_t other = offset_of(i);
        end = other > begin ? std::min(end, other) : end;
    }
    if (begin < sizeof(std::int32_t) || begin >= end || end > file_.size() - position_) {
        return {};
    }
    return file_.subspan(position_ + begin, end - begin);
}

std::optional<base::ByteView> TableView::vector_of(std::uint32_t field,
                                                   std::size_t element_bytes) const {
    const base::ByteView bytes = bytes_of(field);
    if (bytes.size() < sizeof(std::uint32_t)) {
        return std::nullopt;
    }
    const auto at = static_cast<std::uint64_t>(bytes.data() - file_.data());
    const std::uint64_t vector = at + read<std::uint32_t>(at);
    const std::uint64_t begin = vector + sizeof(std::uint32_t);
    const std::uint64_t size = std::uint64_t{read<std::uint32_t>(vector)} * element_bytes;
    if (begin > file_.size() || size > file_.size() - begin) {
        return std::nullopt;
    }
    return file_.subspan(begin, size);
}

}  // namespace frugal::model

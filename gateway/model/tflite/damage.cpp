// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/damage.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <span>

#include "model/tflite/structure.hpp"

namespace frugal::model {

namespace {

enum class Kind { kNumber, kNumbers, kText, kTable, kTables };

struct Field;

/// A table of tflite_subset.fbs: its fields by id.
struct Shape {
    std::span<const Field> fields;
};

struct Field {
    const char* name;
    Kind kind;
    std::uint32_t bytes = 0;       ///< of a number, or of an element of numbers
    const Shape* shape = nullptr;  ///< of a table, or of each of a list
    const char* entry = nullptr;   ///< what one of a list is called
};

constexpr Field number(const char* name, std::uint32_t bytes) {
    return {name, Kind::kNumber, bytes};
}
constexpr Field numbers(const char* name, std::uint32_t bytes) {
    return {name, Kind::kNumbers, bytes};
}
constexpr Field text(const char* name) {
    return {name, Kind::kText, 1};
}
constexpr Field table(const char* name, const Shape& shape) {
    return {name, Kind::kTable, 0, &shape};
}
constexpr Field tables(const char* name, const Shape& shape, const char* entry) {
    return {name, Kind::kTables, 4, &shape, entry};
}

constexpr Shape kOpaque{};
constexpr Field kQuantizationFields[] = {numbers("minima", 4),      numbers("maxima", 4),
                                         numbers("scales", 4),      numbers("zero points", 8),
                                         number("details type", 1), table("details", kOpaque),
                                         number("dimension", 4)};
constexpr Shape kQuantization{kQuantizationFields};
constexpr Field kTensorFields[] = {numbers("shape", 4),
                                   number("type", 1),
                                   number("buffer index", 4),
                                   text("name"),
                                   table("quantization", kQuantization),
                                   number("mark of a variable", 1),
                                   table("sparsity", kOpaque),
                                   numbers("shape signature", 4)};
constexpr Shape kTensor{kTensorFields};
constexpr Field kCodeFields[] = {number("old code", 1), text("custom name"), number("version", 4),
                                 number("code", 4)};
constexpr Shape kCode{kCodeFields};
constexpr Field kOperatorFields[] = {number("code index", 4),
                                     numbers("inputs", 4),
                                     numbers("outputs", 4),
                                     number("options type", 1),
                                     table("options", kOpaque),
                                     numbers("custom options", 1),
                                     number("custom options format", 1),
                                     numbers("mutated inputs", 1),
                                     numbers("intermediates", 4)};
constexpr Shape kOperator{kOperatorFields};
constexpr Field kSubgraphFields[] = {tables("tensors", kTensor, "tensor"), numbers("inputs", 4),
                                     numbers("outputs", 4),
                                     tables("operators", kOperator, "operator"), text("name")};
constexpr Shape kSubgraph{kSubgraphFields};
constexpr Field kBufferFields[] = {numbers("data", 1), number("offset", 8), number("size", 8)};
constexpr Shape kBuffer{kBufferFields};
constexpr Field kMetadataFields[] = {text("name"), number("buffer index", 4)};
constexpr Shape kMetadata{kMetadataFields};
constexpr Field kModelFields[] = {number("schema version", 4),
                                  tables("operator codes", kCode, "operator code"),
                                  tables("subgraphs", kSubgraph, "subgraph"),
                                  text("description"),
                                  tables("buffers", kBuffer, "buffer"),
                                  numbers("metadata buffers", 4),
                                  tables("metadata", kMetadata, "metadata entry"),
                                  tables("signatures", kOpaque, "signature")};
constexpr Shape kModel{kModelFields};

constexpr std::uint64_t kListFirstField = 4;  // of a table's list of fields: after two sizes

/// The rules of flatbuffers::Verifier, told apart. Each function gives false once `damage` is set.
class Finder {
public:
    explicit Finder(base::ByteView file) : file_(file) {}

    std::optional<Damage> run() {
        std::uint64_t root = 0;
        if (follow(0, "root", "", root)) {
            check_table(root, kModel, "");
        }
        return std::move(damage_);
    }

private:
    /// As the verifier has it: a range as long as the file is none of its parts.
    bool is_inside(std::uint64_t position, std::uint64_t size) const {
        return size < file_.size() && position <= file_.size() - size;
    }

    template <typename T>
    T read(std::uint64_t position) const {
        T value{};
        std::memcpy(&value, file_.data() + position, sizeof value);
        return value;
    }

    bool refuse(const std::string& place, std::string what, bool is_beyond_end = false) {
        damage_ = Damage{place, std::move(what), is_beyond_end};
        return false;
    }

    bool refuse_end(const std::string& place, std::string what) {
        return refuse(place, fmt::format("{}, but the file has {}", what, file_.size()), true);
    }

    /// Numbers stand at a multiple of their size.
    bool check_range(std::uint64_t position, std::uint64_t size, std::uint64_t alignment,
                     const std::string& name, const std::string& place) {
        if (position % alignment != 0) {
            return refuse(place, fmt::format("{} at byte {} is not aligned", name, position));
        }
        return is_inside(position, size) ||
               refuse_end(place, fmt::format("{} leads to byte {}", name, position + size));
    }

    /// The place an offset leads to.
    bool follow(std::uint64_t position, const std::string& name, const std::string& place,
                std::uint64_t& target) {
        if (!check_range(position, 4, 4, name, place)) {
            return false;
        }
        const auto offset = read<std::uint32_t>(position);
        if (offset == 0) {
            return refuse(place, name + " leads to itself");
        }
        target = position + offset;
        return (offset <= INT32_MAX && is_inside(target, 1)) ||
               refuse_end(place, fmt::format("{} leads to byte {}", name, target));
    }

    bool check_list(std::uint64_t position, const Field& field, const std::string& name,
                    const std::string& place) {
        if (!check_range(position, 4, 4, name, place)) {
            return false;
        }
        const std::uint64_t end =
            position + 4 + std::uint64_t{field.bytes} * read<std::uint32_t>(position);
        if (!is_inside(position, end - position)) {
            return refuse_end(place, fmt::format("{} ends at byte {}", name, end));
        }
        const bool has_end = field.kind != Kind::kText || (is_inside(end, 1) && file_[end] == 0);
        return has_end || refuse(place, name + " has no end");
    }

    bool check_entries(std::uint64_t list, const Field& field, const std::string& place) {
        const auto count = read<std::uint32_t>(list);
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::uint64_t position = list + 4 + 4ULL * i;
            const std::string one =
                fmt::format("{}{}{} {}", place, place.empty() ? "" : ", ", field.entry, i);
            if (!check_table(position + read<std::uint32_t>(position), *field.shape, one)) {
                return false;
            }
        }
        return true;
    }

    bool check_field(std::uint64_t position, const Field& field, const std::string& place) {
        const std::string name = std::string(place.empty() ? "the model's " : "its ") + field.name;
        if (field.kind == Kind::kNumber) {
            return check_range(position, field.bytes, field.bytes, name, place);
        }
        std::uint64_t target = 0;
        if (!follow(position, name, place, target)) {
            return false;
        }
        if (field.kind == Kind::kTable) {
            return check_table(target, *field.shape,
                               place + (place.empty() ? "" : ", ") + field.name);
        }
        return check_list(target, field, name, place) &&
               (field.kind != Kind::kTables || check_entries(target, field, place));
    }

    bool check_table(std::uint64_t position, const Shape& shape, const std::string& place) {
        if (++tables_ > kTablesMax) {
            return refuse(place, fmt::format("it is beyond the limit of {} tables", kTablesMax));
        }
        if (!check_range(position, 4, 4, "the table", place)) {
            return false;
        }
        const auto back = std::int64_t{read<std::int32_t>(position)};
        if (back > static_cast<std::int64_t>(position)) {
            return refuse(place, "its list of fields lies before the file");
        }
        const std::uint64_t list = position - static_cast<std::uint64_t>(back);
        if (!check_range(list, 2, 2, "its list of fields", place)) {
            return false;
        }
        const auto size = read<std::uint16_t>(list);
        if (size % 2 != 0 || !is_inside(list, size)) {
            return refuse(place, fmt::format("its list of fields has {} bytes", size));
        }
        for (std::size_t i = 0; i < shape.fields.size(); ++i) {
            const std::uint64_t at = kListFirstField + 2 * i;
            const std::uint16_t offset = at < size ? read<std::uint16_t>(list + at) : 0;
            if (offset != 0 && !check_field(position + offset, shape.fields[i], place)) {
                return false;
            }
        }
        return true;
    }

    base::ByteView file_;
    std::uint32_t tables_ = 0;
    std::optional<Damage> damage_;
};

}  // namespace

std::optional<Damage> find_damage(base::ByteView file) {
    return Finder(file).run();
}

}  // namespace frugal::model

// SPDX-License-Identifier: Apache-2.0
#include "device-sim/device/flash_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "device-sim/support/file.hpp"

namespace frugal::swarm {
namespace {

Result<FileDescriptor> open_sized(const std::filesystem::path& path, std::uint32_t size) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    struct stat status {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
        return fail("cannot open the flash file " + path.string(), system_cause());
    }
    if (status.st_size == 0 && ::ftruncate(file.get(), size) != 0) {
        return fail("cannot size the flash file " + path.string(), system_cause());
    }
    if (status.st_size != 0 && status.st_size != size) {
        return fail("the flash file " + path.string() + " is of another device class",
                    fmt::format("{} bytes instead of {}", status.st_size, size),
                    "use another state directory, or delete the file to wipe the device");
    }
    return file;
}

}  // namespace

Result<FlashMemory> FlashMemory::create(std::uint32_t size, std::uint32_t sector_size,
                                        const std::optional<std::filesystem::path>& file) {
    FileDescriptor descriptor;
    if (file) {
        auto opened = open_sized(*file, size);
        if (!opened) {
            return tl::unexpected<Error>(opened.error());
        }
        descriptor = std::move(*opened);
    }
    const int flags = file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, descriptor.get(), 0);
    if (memory == MAP_FAILED) {
        return fail("cannot map the flash of a device", system_cause());
    }
    ::madvise(memory, size, MADV_RANDOM);  // no read-ahead: what is not touched costs nothing
    FlashMemory flash;
    flash.memory_ = static_cast<std::uint8_t*>(memory);
    flash.size_ = size;
    flash.sector_size_ = sector_size;
    return flash;
}

FlashMemory::FlashMemory(FlashMemory&& other) noexcept {
    *this = std::move(other);
}

FlashMemory& FlashMemory::operator=(FlashMemory&& other) noexcept {
    if (this != &other) {
        unmap();
        memory_ = std::exchange(other.memory_, nullptr);
        size_ = other.size_;
        sector_size_ = other.sector_size_;
        has_power_ = other.has_power_;
        operations_ = other.operations_;
        cut_at_ = other.cut_at_;
        violations_ = other.violations_;
        sectors_erased_ = other.sectors_erased_;
        bytes_programmed_ = other.bytes_programmed_;
        boundary_ = other.boundary_;
        std::copy(std::begin(other.wear_), std::end(other.wear_), std::begin(wear_));
        random_ = other.random_;
    }
    return *this;
}

FlashMemory::~FlashMemory() {
    unmap();
}

void FlashMemory::unmap() {
    if (memory_ != nullptr) {
        ::munmap(memory_, size_);
        memory_ = nullptr;
    }
}

fr_flash_t FlashMemory::port() {
    fr_flash_t port{};
    port.sector_size = sector_size_;
    port.size = size_;
    port.context = this;
    port.map = [](void* context, std::uint32_t offset) -> const std::uint8_t* {
        return static_cast<FlashMemory*>(context)->memory_ + offset;
    };
    port.erase = [](void* context, std::uint32_t offset) {
        return static_cast<FlashMemory*>(context)->erase(offset);
    };
    port.program = [](void* context, std::uint32_t offset, const std::uint8_t* bytes,
                      std::uint32_t size) {
        return static_cast<FlashMemory*>(context)->program(offset, bytes, size);
    };
    return port;
}

void FlashMemory::cut_power_after(std::uint64_t operations, std::uint64_t seed) {
    cut_at_ = operations_ + operations;
    random_ = Random(seed);
}

void FlashMemory::restore_power() {
    has_power_ = true;
}

bool FlashMemory::is_cut_now() {
    ++operations_;
    if (cut_at_ != 0 && operations_ >= cut_at_) {
        has_power_ = false;
        cut_at_ = 0;
    }
    return !has_power_;
}

void FlashMemory::tear(std::uint32_t offset, std::uint32_t size) {
    for (std::uint32_t i = 0; i < size; ++i) {
        memory_[offset + i] = static_cast<std::uint8_t>(random_.next());
    }
}

fr_status_t FlashMemory::erase(std::uint32_t offset) {
    if (!has_power_) {
        return FR_ERROR_STORAGE;
    }
    if (offset % sector_size_ != 0 || offset >= size_) {
        ++violations_;
        return FR_ERROR_STORAGE;
    }
    if (is_cut_now()) {
        tear(offset, static_cast<std::uint32_t>(random_.below(sector_size_ + 1)));
        return FR_ERROR_STORAGE;
    }
    std::memset(memory_ + offset, 0xff, sector_size_);
    ++sectors_erased_;
    wear_[offset >= boundary_ ? 1 : 0].erased_bytes += sector_size_;
    return FR_OK;
}

fr_status_t FlashMemory::program(std::uint32_t offset, const std::uint8_t* bytes,
                                 std::uint32_t size) {
    if (!has_power_) {
        return FR_ERROR_STORAGE;
    }
    const bool is_aligned = offset % FR_FLASH_WORD == 0 && size % FR_FLASH_WORD == 0;
    const bool is_inside = offset <= size_ && size <= size_ - offset;
    const auto is_erased = [](std::uint8_t byte) { return byte == 0xff; };
    if (!is_aligned || !is_inside ||
        !std::all_of(memory_ + offset, memory_ + offset + size, is_erased)) {
        ++violations_;
        return FR_ERROR_STORAGE;
    }
    if (is_cut_now()) {
        const auto words = static_cast<std::uint32_t>(random_.below(size / FR_FLASH_WORD + 1));
        std::memcpy(memory_ + offset, bytes, words * FR_FLASH_WORD);
        if (words * FR_FLASH_WORD < size) {
            tear(offset + words * FR_FLASH_WORD, FR_FLASH_WORD);
        }
        return FR_ERROR_STORAGE;
    }
    std::memcpy(memory_ + offset, bytes, size);
    bytes_programmed_ += size;
    wear_[offset >= boundary_ ? 1 : 0].programmed_bytes += size;
    return FR_OK;
}

}  // namespace frugal::swarm

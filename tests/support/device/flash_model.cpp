// SPDX-License-Identifier: Apache-2.0
#include "support/device/flash_model.hpp"

#include <algorithm>

namespace frugal::test {

FlashModel::FlashModel(std::uint32_t size, std::uint32_t sector_size)
    : bytes(size, 0xFF), erase_counts(size / sector_size, 0), sector_size_(sector_size) {}

fr_flash_t FlashModel::port() {
    return {sector_size_, static_cast<std::uint32_t>(bytes.size()), this, map, erase, program};
}

void FlashModel::cut_at(std::uint64_t operation, Tear tear) {
    cut_at_ = operation;
    tear_ = tear;
    keeps_power_ = false;
}

void FlashModel::fail_at(std::uint64_t operation, Tear tear) {
    cut_at(operation, tear);
    keeps_power_ = true;
}

void FlashModel::power_on() {
    operations_ = 0;
    cut_at_ = UINT64_MAX;
    is_cut_ = false;
}

bool FlashModel::strikes() {
    if (operations_++ == cut_at_) {
        is_cut_ = !keeps_power_;
        return true;
    }
    return false;
}

void FlashModel::breach(const std::string& what, std::uint32_t offset) {
    if (breaches_.size() < 16) {
        breaches_.push_back(what + " at " + std::to_string(offset));
    }
}

void FlashModel::check_guard(std::uint32_t offset, std::uint32_t size) {
    if (guard) {
        const auto wrong = guard(offset, size);
        if (!wrong.empty()) {
            breach(wrong, offset);
        }
    }
}

std::uint8_t FlashModel::noise() {
    noise_ ^= noise_ << 13;
    noise_ ^= noise_ >> 17;
    noise_ ^= noise_ << 5;
    return static_cast<std::uint8_t>(noise_ >> 24);
}

const std::uint8_t* FlashModel::map(void* context, std::uint32_t offset) {
    return static_cast<FlashModel*>(context)->bytes.data() + offset;
}

void FlashModel::tear_sector(std::uint32_t offset) {
    auto* sector = bytes.data() + offset;
    switch (tear_) {
        case Tear::kClean:
            break;
        case Tear::kHalf:
            // The second half went first: headers survive, which is the nastier half.
            std::fill(sector + sector_size_ / 2, sector + sector_size_, 0xFF);
            break;
        case Tear::kDone:
            std::fill(sector, sector + sector_size_, 0xFF);
            break;
        case Tear::kNoise:
            std::generate(sector, sector + sector_size_, [this] { return noise(); });
            break;
    }
}

fr_status_t FlashModel::erase(void* context, std::uint32_t offset) {
    auto& self = *static_cast<FlashModel*>(context);
    if (self.is_cut_) {
        return FR_ERROR_STORAGE;
    }
    if (offset % self.sector_size_ != 0 || offset >= self.bytes.size()) {
        self.breach("erase off the sector grid", offset);
        return FR_ERROR_STORAGE;
    }
    self.check_guard(offset, self.sector_size_);
    self.erase_counts[offset / self.sector_size_] += 1;
    if (self.strikes()) {
        self.tear_sector(offset);
        return FR_ERROR_STORAGE;
    }
    std::fill_n(self.bytes.begin() + offset, self.sector_size_, 0xFF);
    return FR_OK;
}

void FlashModel::tear_word(std::uint32_t offset, const std::uint8_t* word) {
    auto* target = bytes.data() + offset;
    switch (tear_) {
        case Tear::kClean:
            break;
        case Tear::kHalf:
            std::copy_n(word, FR_FLASH_WORD / 2, target);
            break;
        case Tear::kDone:
            std::copy_n(word, FR_FLASH_WORD, target);
            break;
        case Tear::kNoise:
            // Bits that were to become 0 did so or not.
            for (std::uint32_t i = 0; i < FR_FLASH_WORD; ++i) {
                target[i] = static_cast<std::uint8_t>(word[i] | noise());
            }
            break;
    }
}

fr_status_t FlashModel::program(void* context, std::uint32_t offset, const std::uint8_t* bytes,
                                std::uint32_t size) {
    auto& self = *static_cast<FlashModel*>(context);
    if (self.is_cut_) {
        return FR_ERROR_STORAGE;
    }
    if (offset % FR_FLASH_WORD != 0 || size % FR_FLASH_WORD != 0 ||
        offset + size > self.bytes.size()) {
        self.breach("program off the word grid or beyond the end", offset);
        return FR_ERROR_STORAGE;
    }
    if (bytes >= self.bytes.data() && bytes < self.bytes.data() + self.bytes.size()) {
        self.breach("program from the flash itself", offset);
    }
    self.check_guard(offset, size);
    for (std::uint32_t done = 0; done < size; done += FR_FLASH_WORD) {
        auto* target = self.bytes.data() + offset + done;
        if (std::any_of(target, target + FR_FLASH_WORD, [](auto b) { return b != 0xFF; })) {
            self.breach("program of a word that is not erased", offset + done);
        }
        if (self.strikes()) {
            self.tear_word(offset + done, bytes + done);
            return FR_ERROR_STORAGE;
        }
        std::copy_n(bytes + done, FR_FLASH_WORD, target);
    }
    return FR_OK;
}

}  // namespace frugal::test

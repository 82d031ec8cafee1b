// SPDX-License-Identifier: Apache-2.0
#include "model/tflite/foreign_file.hpp"

#include <algorithm>

namespace frugal::model {

namespace {

constexpr std::size_t kLookedAt = 512;
constexpr std::string_view kOther = "Give a TensorFlow Lite model.";
constexpr std::string_view kUnpack = "Unpack it first.";

struct Beginning {
    std::string_view bytes;
    ForeignFile file;
};

// The longer of two that begin alike stands first.
constexpr Beginning kBeginnings[] = {
    {"FRBN",
     {"it is a Bonsai tree", "Give a .tflite; a tree is run, packed and released as it is."}},
    {"FRUGALB", {"it is a release bundle", "Give the .tflite that it was built of."}},
    {"FR", {"it may be a packed file", "Unpack it with frugalctl model unpack."}},
    {"\x1f\x8b", {"it is compressed with gzip", kUnpack}},
    {"PK\x03\x04", {"it is a zip archive", kUnpack}},
    {"\x89HDF", {"it is a Keras file (HDF5)", "Convert it to a .tflite first."}},
    {"-----BEGIN", {"it is a key or a certificate", kOther}},
};

bool is_text(base::ByteView bytes) {
    return std::ranges::all_of(
        bytes.first(std::min(bytes.size(), kLookedAt)), [](std::uint8_t byte) {
            return (byte >= ' ' && byte != 0x7F) || (byte >= '\t' && byte <= '\r');
        });
}

}  // namespace

ForeignFile recognise(base::ByteView bytes) {
    if (bytes.empty()) {
        return {"the file is empty", "Copy it again from where it was made."};
    }
    const auto* known = std::ranges::find_if(kBeginnings, [&](const Beginning& one) {
        return base::as_text(bytes).starts_with(one.bytes);
    });
    if (known != std::end(kBeginnings)) {
        return known->file;
    }
    return is_text(bytes) ? ForeignFile{"it is a text", kOther}
                          : ForeignFile{"the identifier TFL3 is not at byte 4", kOther};
}

}  // namespace frugal::model

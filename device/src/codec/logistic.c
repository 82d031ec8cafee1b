// SPDX-License-Identifier: Apache-2.0
#include "codec/logistic.h"

// log2(1 + i / 64), in 1/4096
static const uint16_t kLogarithms[65] = {
    0,    92,   182,  271,  358,  445,  530,  613,  696,  778,  858,  937,  1016,
    1093, 1169, 1244, 1319, 1392, 1465, 1536, 1607, 1677, 1746, 1814, 1882, 1949,
    2015, 2080, 2145, 2208, 2272, 2334, 2396, 2457, 2518, 2578, 2637, 2696, 2754,
    2812, 2869, 2926, 2982, 3037, 3092, 3146, 3200, 3254, 3307, 3359, 3412, 3463,
    3514, 3565, 3615, 3665, 3715, 3764, 3812, 3861, 3908, 3956, 4003, 4050, 4096,
};

// 2^(i / 32), in 1/32768
static const uint16_t kPowers[33] = {
    32768, 33486, 34219, 34968, 35734, 36516, 37316, 38133, 38968, 39821, 40693,
    41584, 42495, 43425, 44376, 45348, 46341, 47356, 48393, 49452, 50535, 51642,
    52773, 53928, 55109, 56316, 57549, 58809, 60097, 61413, 62757, 64132, 65535,
};

// 65536 / (1 + 2^(-(i - 48) / 4))
static const uint16_t kLogistic[97] = {
    16,    19,    23,    27,    32,    38,    45,    54,    64,    76,    90,    107,   128,
    152,   181,   215,   255,   303,   360,   428,   508,   603,   716,   850,   1008,  1196,
    1417,  1678,  1986,  2348,  2774,  3272,  3855,  4534,  5322,  6233,  7282,  8481,  9845,
    11384, 13107, 15019, 17118, 19398, 21845, 24437, 27146, 29936, 32768, 35600, 38390, 41099,
    43691, 46138, 48418, 50517, 52429, 54152, 55691, 57055, 58254, 59303, 60214, 61002, 61681,
    62264, 62762, 63188, 63550, 63858, 64119, 64340, 64528, 64686, 64820, 64933, 65028, 65108,
    65176, 65233, 65281, 65321, 65355, 65384, 65408, 65429, 65446, 65460, 65472, 65482, 65491,
    65498, 65504, 65509, 65513, 65517, 65520,
};

// 0.998 * 2^24 / (1 + 2^(i / 4)): the tail at i / 8 mean magnitudes
static const uint32_t kTails[97] = {
    8371830, 7648276, 6935451, 6243458, 5581220, 4956071, 4373509, 3837134, 3348732, 2908487,
    2515251, 2166855, 1860407, 1592563, 1359758, 1158383, 984921,  836041,  708654,  599944,
    507384,  428724,  361987,  305444,  257595,  217142,  182971,  154128,  129796,  109280,
    91988,   77420,   65150,   54819,   46121,   38800,   32639,   27454,   23092,   19422,
    16335,   13738,   11554,   9717,    8172,    6872,    5779,    4860,    4087,    3437,
    2890,    2430,    2044,    1719,    1445,    1215,    1022,    859,     723,     608,
    511,     430,     361,     304,     255,     215,     181,     152,     128,     107,
    90,      76,      64,      54,      45,      38,      32,      27,      23,      19,
    16,      13,      11,      9,       8,       7,       6,       5,       4,       3,
    3,       2,       2,       2,       1,       1,       1,
};

// Index of the highest bit set of a positive value.
static uint32_t highest_bit(uint32_t value) {
#if defined(__GNUC__)
    return 31u - (uint32_t)__builtin_clz(value);
#else
    uint32_t bit = 0;
    while ((value >> bit) > 1u) {
        ++bit;
    }
    return bit;
#endif
}

int32_t fr_log2(uint32_t value) {
    if (value == 0) {
        return 0;
    }
    const uint32_t whole = highest_bit(value);
    const uint32_t part = (value << (31u - whole)) & 0x7FFFFFFFu;  // behind the highest bit
    const uint32_t index = part >> 25;
    const uint32_t step = (uint32_t)kLogarithms[index + 1u] - kLogarithms[index];
    const uint32_t fraction = kLogarithms[index] + ((step * ((part >> 15) & 1023u)) >> 10);
    return (int32_t)(whole * 256u + ((fraction + 8u) >> 4));
}

uint32_t fr_exp2(int32_t exponent) {
    const uint32_t whole = (uint32_t)exponent >> 8;
    const uint32_t index = ((uint32_t)exponent & 255u) >> 3;
    const uint32_t step = (uint32_t)kPowers[index + 1u] - kPowers[index];
    const uint32_t fraction = kPowers[index] + ((step * ((uint32_t)exponent & 7u)) >> 3);
    return whole >= 15u ? fraction << (whole - 15u) : fraction >> (15u - whole);
}

uint32_t fr_squash(int32_t stretched) {
    const uint32_t at = (uint32_t)(fr_clamp(stretched, FR_STRETCH_MAX) + FR_STRETCH_MAX + 1);
    const uint32_t index = at >> 6;
    const uint32_t step = (uint32_t)kLogistic[index + 1u] - kLogistic[index];
    const uint32_t probability = kLogistic[index] + ((step * (at & 63u)) >> 6);
    if (probability < 24u) {
        return 24u;
    }
    return probability > 65512u ? 65512u : probability;
}

int32_t fr_stretch(uint32_t probability) {
    return fr_log2(probability) - fr_log2(65536u - probability);
}

uint32_t fr_logistic_tail(uint32_t distance) {
    const uint32_t index = distance >> 8;
    if (index >= 96u) {
        return 0;
    }
    const uint32_t step = kTails[index] - kTails[index + 1u];
    return kTails[index] - ((step * (distance & 255u)) >> 8);
}

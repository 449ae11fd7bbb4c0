#include "base/crc32c.h"

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

namespace leat {

#ifdef __SSE4_2__

namespace {
// The instruction has a latency of three cycles: three streams side by side use it fully. Their results are
// joined by shifting each over the length of what follows it, with tables made at compile time.
constexpr size_t lane = 1024;

constexpr uint32_t polynomial = 0x82F63B78;

// The matrix, as 32 columns, that appends `zeros` zero bytes to a checksum.
struct ShiftTable {
    uint32_t byte[4][256];
};

constexpr ShiftTable make_shift_table(size_t zeros) {
    ShiftTable table{};
    uint32_t column[32];
    for (int bit = 0; bit < 32; ++bit) {
        uint32_t crc = 1u << bit;
        // Squaring would need a matrix product; a table made byte by byte is short enough for one lane.
        for (size_t i = 0; i < zeros * 8; ++i) crc = (crc >> 1) ^ ((crc & 1) ? polynomial : 0);
        column[bit] = crc;
    }
    for (int part = 0; part < 4; ++part)
        for (int value = 0; value < 256; ++value) {
            uint32_t sum = 0;
            for (int bit = 0; bit < 8; ++bit)
                if (value & (1 << bit)) sum ^= column[part * 8 + bit];
            table.byte[part][value] = sum;
        }
    return table;
}

const ShiftTable& shift_table() {
    static const ShiftTable table = make_shift_table(lane);
    return table;
}

uint32_t shift(uint32_t crc, const ShiftTable& table) {
    return table.byte[0][crc & 0xff] ^ table.byte[1][(crc >> 8) & 0xff] ^ table.byte[2][(crc >> 16) & 0xff] ^
           table.byte[3][crc >> 24];
}
}  // namespace

uint32_t crc32c(Bytes bytes, uint32_t previous) {
    uint64_t crc = ~previous;
    const uint8_t* p = bytes.data();
    size_t left = bytes.size();
    if (left >= 3 * lane) {
        const ShiftTable& table = shift_table();
        while (left >= 3 * lane) {
            uint64_t a = crc, b = 0, c = 0;
            for (size_t i = 0; i < lane; i += 8) {
                a = _mm_crc32_u64(a, load<uint64_t>(p + i));
                b = _mm_crc32_u64(b, load<uint64_t>(p + lane + i));
                c = _mm_crc32_u64(c, load<uint64_t>(p + 2 * lane + i));
            }
            uint32_t joined = shift(static_cast<uint32_t>(a), table) ^ static_cast<uint32_t>(b);
            crc = shift(joined, table) ^ static_cast<uint32_t>(c);
            p += 3 * lane;
            left -= 3 * lane;
        }
    }
    for (; left >= 8; left -= 8, p += 8) crc = _mm_crc32_u64(crc, load<uint64_t>(p));
    auto crc4 = static_cast<uint32_t>(crc);
    for (; left > 0; --left, ++p) crc4 = _mm_crc32_u8(crc4, *p);
    return ~crc4;
}

#else

uint32_t crc32c(Bytes bytes, uint32_t previous) {
    uint32_t crc = ~previous;
    for (uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82F63B78u : 0);
    }
    return ~crc;
}

#endif

}  // namespace leat

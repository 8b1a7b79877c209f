#include "kernels/hash/sha.h"

#include <stdbool.h>
#include <string.h>

/* The first 64 bits of the fractions of the cube roots of the first 80 primes; SHA-256 takes the
 * upper 32 of the first 64. */
static const uint64_t rounds[80] = {
    UINT64_C(0x428a2f98d728ae22), UINT64_C(0x7137449123ef65cd), UINT64_C(0xb5c0fbcfec4d3b2f),
    UINT64_C(0xe9b5dba58189dbbc), UINT64_C(0x3956c25bf348b538), UINT64_C(0x59f111f1b605d019),
    UINT64_C(0x923f82a4af194f9b), UINT64_C(0xab1c5ed5da6d8118), UINT64_C(0xd807aa98a3030242),
    UINT64_C(0x12835b0145706fbe), UINT64_C(0x243185be4ee4b28c), UINT64_C(0x550c7dc3d5ffb4e2),
    UINT64_C(0x72be5d74f27b896f), UINT64_C(0x80deb1fe3b1696b1), UINT64_C(0x9bdc06a725c71235),
    UINT64_C(0xc19bf174cf692694), UINT64_C(0xe49b69c19ef14ad2), UINT64_C(0xefbe4786384f25e3),
    UINT64_C(0x0fc19dc68b8cd5b5), UINT64_C(0x240ca1cc77ac9c65), UINT64_C(0x2de92c6f592b0275),
    UINT64_C(0x4a7484aa6ea6e483), UINT64_C(0x5cb0a9dcbd41fbd4), UINT64_C(0x76f988da831153b5),
    UINT64_C(0x983e5152ee66dfab), UINT64_C(0xa831c66d2db43210), UINT64_C(0xb00327c898fb213f),
    UINT64_C(0xbf597fc7beef0ee4), UINT64_C(0xc6e00bf33da88fc2), UINT64_C(0xd5a79147930aa725),
    UINT64_C(0x06ca6351e003826f), UINT64_C(0x142929670a0e6e70), UINT64_C(0x27b70a8546d22ffc),
    UINT64_C(0x2e1b21385c26c926), UINT64_C(0x4d2c6dfc5ac42aed), UINT64_C(0x53380d139d95b3df),
    UINT64_C(0x650a73548baf63de), UINT64_C(0x766a0abb3c77b2a8), UINT64_C(0x81c2c92e47edaee6),
    UINT64_C(0x92722c851482353b), UINT64_C(0xa2bfe8a14cf10364), UINT64_C(0xa81a664bbc423001),
    UINT64_C(0xc24b8b70d0f89791), UINT64_C(0xc76c51a30654be30), UINT64_C(0xd192e819d6ef5218),
    UINT64_C(0xd69906245565a910), UINT64_C(0xf40e35855771202a), UINT64_C(0x106aa07032bbd1b8),
    UINT64_C(0x19a4c116b8d2d0c8), UINT64_C(0x1e376c085141ab53), UINT64_C(0x2748774cdf8eeb99),
    UINT64_C(0x34b0bcb5e19b48a8), UINT64_C(0x391c0cb3c5c95a63), UINT64_C(0x4ed8aa4ae3418acb),
    UINT64_C(0x5b9cca4f7763e373), UINT64_C(0x682e6ff3d6b2b8a3), UINT64_C(0x748f82ee5defb2fc),
    UINT64_C(0x78a5636f43172f60), UINT64_C(0x84c87814a1f0ab72), UINT64_C(0x8cc702081a6439ec),
    UINT64_C(0x90befffa23631e28), UINT64_C(0xa4506cebde82bde9), UINT64_C(0xbef9a3f7b2c67915),
    UINT64_C(0xc67178f2e372532b), UINT64_C(0xca273eceea26619c), UINT64_C(0xd186b8c721c0c207),
    UINT64_C(0xeada7dd6cde0eb1e), UINT64_C(0xf57d4f7fee6ed178), UINT64_C(0x06f067aa72176fba),
    UINT64_C(0x0a637dc5a2c898a6), UINT64_C(0x113f9804bef90dae), UINT64_C(0x1b710b35131c471b),
    UINT64_C(0x28db77f523047d84), UINT64_C(0x32caab7b40c72493), UINT64_C(0x3c9ebe0a15c9bebc),
    UINT64_C(0x431d67c49c100d4c), UINT64_C(0x4cc5d4becb3e42b6), UINT64_C(0x597f299cfc657e2a),
    UINT64_C(0x5fcb6fab3ad6faec), UINT64_C(0x6c44198c4a475817),
};

/* Fractions of square roots: of the first eight primes, and of the next eight. SHA-256 takes the
 * upper halves of the first, SHA-224 the lower halves of the second. */
static const uint64_t start_first[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};
static const uint64_t start_next[8] = {
    UINT64_C(0xcbbb9d5dc1059ed8), UINT64_C(0x629a292a367cd507), UINT64_C(0x9159015a3070dd17),
    UINT64_C(0x152fecd8f70e5939), UINT64_C(0x67332667ffc00b31), UINT64_C(0x8eb44a8768581511),
    UINT64_C(0xdb0c2e0d64f98fa7), UINT64_C(0x47b5481dbefa4fa4),
};

static uint32_t left32(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t right32(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint64_t right64(uint64_t x, unsigned n)
{
    return x >> n | x << (64 - n);
}

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The state is eight words of 64 bits, of which the short forms use the lower halves. */
static void block_sha1(uint64_t *state, const uint8_t *at)
{
    uint32_t w[80], h[5];
    for (int t = 0; t < 16; t++) w[t] = read32(at + 4 * t);
    for (int t = 16; t < 80; t++) w[t] = left32(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int i = 0; i < 5; i++) h[i] = (uint32_t)state[i];
    for (int t = 0; t < 80; t++) {
        uint32_t b = h[1], c = h[2], d = h[3], f, k;
        if (t < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (t < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (t < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        uint32_t next = left32(h[0], 5) + f + h[4] + k + w[t];
        h[4] = h[3];
        h[3] = h[2];
        h[2] = left32(h[1], 30);
        h[1] = h[0];
        h[0] = next;
    }
    for (int i = 0; i < 5; i++) state[i] = (uint32_t)(state[i] + h[i]);
}

static void block_sha256(uint64_t *state, const uint8_t *at)
{
    uint32_t w[64], h[8];
    for (int t = 0; t < 16; t++) w[t] = read32(at + 4 * t);
    for (int t = 16; t < 64; t++) {
        uint32_t a = w[t - 15], b = w[t - 2];
        w[t] = w[t - 16] + (right32(a, 7) ^ right32(a, 18) ^ a >> 3) + w[t - 7] +
               (right32(b, 17) ^ right32(b, 19) ^ b >> 10);
    }
    for (int i = 0; i < 8; i++) h[i] = (uint32_t)state[i];
    for (int t = 0; t < 64; t++) {
        uint32_t e = h[4], a = h[0];
        uint32_t one = h[7] + (right32(e, 6) ^ right32(e, 11) ^ right32(e, 25)) +
                       ((e & h[5]) ^ (~e & h[6])) + (uint32_t)(rounds[t] >> 32) + w[t];
        uint32_t two = (right32(a, 2) ^ right32(a, 13) ^ right32(a, 22)) +
                       ((a & h[1]) ^ (a & h[2]) ^ (h[1] & h[2]));
        memmove(h + 1, h, 7 * sizeof *h);
        h[4] += one;
        h[0] = one + two;
    }
    for (int i = 0; i < 8; i++) state[i] = (uint32_t)(state[i] + h[i]);
}

static void block_sha512(uint64_t *state, const uint8_t *at)
{
    uint64_t w[80], h[8];
    for (int t = 0; t < 16; t++) w[t] = (uint64_t)read32(at + 8 * t) << 32 | read32(at + 8 * t + 4);
    for (int t = 16; t < 80; t++) {
        uint64_t a = w[t - 15], b = w[t - 2];
        w[t] = w[t - 16] + (right64(a, 1) ^ right64(a, 8) ^ a >> 7) + w[t - 7] +
               (right64(b, 19) ^ right64(b, 61) ^ b >> 6);
    }
    memcpy(h, state, sizeof h);
    for (int t = 0; t < 80; t++) {
        uint64_t e = h[4], a = h[0];
        uint64_t one = h[7] + (right64(e, 14) ^ right64(e, 18) ^ right64(e, 41)) +
                       ((e & h[5]) ^ (~e & h[6])) + rounds[t] + w[t];
        uint64_t two = (right64(a, 28) ^ right64(a, 34) ^ right64(a, 39)) +
                       ((a & h[1]) ^ (a & h[2]) ^ (h[1] & h[2]));
        memmove(h + 1, h, 7 * sizeof *h);
        h[4] += one;
        h[0] = one + two;
    }
    for (int i = 0; i < 8; i++) state[i] += h[i];
}

typedef void block_fn(uint64_t *state, const uint8_t *at);

static void sha_start(unsigned bits, uint64_t *state)
{
    static const uint32_t sha1[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    for (int i = 0; i < 8; i++) {
        switch (bits) {
        case 160: state[i] = i < 5 ? sha1[i] : 0; break;
        case 224: state[i] = (uint32_t)start_next[i]; break;
        case 256: state[i] = start_first[i] >> 32; break;
        case 384: state[i] = start_next[i]; break;
        default: state[i] = start_first[i]; break;
        }
    }
}

size_t mr_sha_text(unsigned bits, const void *bytes, size_t count, char out[MR_SHA_TEXT_MAX])
{
    static const char hex[] = "0123456789abcdef";
    bool is_wide = bits > 256;
    size_t block = is_wide ? 128 : 64, length_bytes = is_wide ? 16 : 8;
    block_fn *step = is_wide ? block_sha512 : bits == 160 ? block_sha1 : block_sha256;
    const uint8_t *at = bytes;
    uint8_t tail[256] = {0};
    uint64_t state[8];
    size_t left = count, digits = bits / 4;
    sha_start(bits, state);
    for (; left >= block; left -= block, at += block) step(state, at);
    if (left > 0) memcpy(tail, at, left);
    tail[left] = 0x80;
    size_t total = left + 1 + length_bytes <= block ? block : 2 * block;
    uint64_t bits_count = (uint64_t)count * 8;
    for (size_t i = 0; i < 8; i++) tail[total - 1 - i] = (uint8_t)(bits_count >> 8 * i);
    tail[total - 9] = is_wide ? (uint8_t)((uint64_t)count >> 61) : tail[total - 9];
    for (size_t done = 0; done < total; done += block) step(state, tail + done);
    size_t word_digits = is_wide ? 16 : 8;
    for (size_t i = 0; i < digits; i++) {
        uint64_t word = state[i / word_digits];
        out[i] = hex[word >> 4 * (word_digits - 1 - i % word_digits) & 15];
    }
    out[digits] = '\0';
    return digits;
}

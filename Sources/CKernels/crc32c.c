#include "include/crc32c.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

#define POLYNOMIAL 0x82F63B78u

/* Bytes of each of the three interleaved streams. The instruction has a latency of three cycles
 * and a throughput of one, so three independent sums run in the time of one. */
#define LANE ((size_t)2048)

static uint32_t slices[8][256];       /* slicing by eight */
static uint32_t lane_shift[4][256];   /* a sum moved past LANE zero bytes, byte by byte */
static uint32_t powers[64];           /* x^(2^n) modulo the polynomial, n = 0... */
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

/* a · b modulo the polynomial; bit 31 is the coefficient of x^0. */
static uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
    if (a & bit) product ^= b;
    b = b & 1 ? (b >> 1) ^ POLYNOMIAL : b >> 1;
  }
  return product;
}

/* x^(8 · count) modulo the polynomial. */
static uint32_t power_of_bytes(uint64_t count) {
  uint32_t result = 1u << 31;
  for (int n = 3; count; count >>= 1, n = (n + 1) & 63)
    if (count & 1) result = multiply(powers[n], result);
  return result;
}

static void make_tables(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t sum = byte;
    for (int bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >> 1) ^ POLYNOMIAL : sum >> 1;
    slices[0][byte] = sum;
  }
  for (int slice = 1; slice < 8; slice++)
    for (int byte = 0; byte < 256; byte++) {
      uint32_t sum = slices[slice - 1][byte];
      slices[slice][byte] = slices[0][sum & 255] ^ (sum >> 8);
    }
  powers[0] = 1u << 30;
  for (int n = 1; n < 64; n++) powers[n] = multiply(powers[n - 1], powers[n - 1]);
  uint32_t lane = power_of_bytes(LANE);
  for (int place = 0; place < 4; place++)
    for (uint32_t byte = 0; byte < 256; byte++)
      lane_shift[place][byte] = multiply(lane, byte << (8 * place));
}

uint32_t optstate_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  pthread_once(&tables_made, make_tables);
  const uint8_t *next = bytes;
  crc = ~crc;
  for (; count >= 8; next += 8, count -= 8) {
    uint32_t low, high;
    memcpy(&low, next, 4);
    memcpy(&high, next + 4, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    low = __builtin_bswap32(low);
    high = __builtin_bswap32(high);
#endif
    low ^= crc;
    crc = slices[7][low & 255] ^ slices[6][(low >> 8) & 255] ^ slices[5][(low >> 16) & 255] ^
          slices[4][low >> 24] ^ slices[3][high & 255] ^ slices[2][(high >> 8) & 255] ^
          slices[1][(high >> 16) & 255] ^ slices[0][high >> 24];
  }
  while (count--) crc = slices[0][(crc ^ *next++) & 255] ^ (crc >> 8);
  return ~crc;
}

uint32_t optstate_crc32c_combine(uint32_t first, uint32_t second, uint64_t second_count) {
  pthread_once(&tables_made, make_tables);
  return multiply(power_of_bytes(second_count), first) ^ second;
}

#if defined(__x86_64__)
#define ACCELERATED __attribute__((target("sse4.2")))
#define STEP8(sum, word) _mm_crc32_u64((sum), (word))
#define STEP1(sum, byte) _mm_crc32_u8((uint32_t)(sum), (byte))
static int is_supported(void) { return __builtin_cpu_supports("sse4.2") ? 1 : 0; }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#define ACCELERATED
#define STEP8(sum, word) __crc32cd((uint32_t)(sum), (word))
#define STEP1(sum, byte) __crc32cb((uint32_t)(sum), (byte))
static int is_supported(void) { return 1; }
#endif

#ifdef ACCELERATED

static uint32_t past_lane(uint32_t sum) {
  return lane_shift[0][sum & 255] ^ lane_shift[1][(sum >> 8) & 255] ^
         lane_shift[2][(sum >> 16) & 255] ^ lane_shift[3][sum >> 24];
}

static inline uint64_t word_at(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, 8);
  return word;
}

ACCELERATED
static uint32_t accelerated(uint32_t crc, const uint8_t *next, size_t count) {
  uint64_t sum = (uint32_t)~crc;
  for (; count >= 3 * LANE; next += 3 * LANE, count -= 3 * LANE) {
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < LANE; i += 8) {
      sum = STEP8(sum, word_at(next + i));
      second = STEP8(second, word_at(next + LANE + i));
      third = STEP8(third, word_at(next + 2 * LANE + i));
    }
    sum = past_lane((uint32_t)sum) ^ (uint32_t)second;
    sum = past_lane((uint32_t)sum) ^ (uint32_t)third;
  }
  for (; count >= 8; next += 8, count -= 8) sum = STEP8(sum, word_at(next));
  while (count--) sum = STEP1(sum, *next++);
  return ~(uint32_t)sum;
}

#if defined(__x86_64__)
/* Bytes that are folded at a time: four vectors of four 128-bit lanes. */
#define FOLD ((size_t)256)

/* Moves the sum of everything so far into the next 256 bytes, which then have the same sum as all before
 * them: each lane is multiplied by x^2048 modulo the polynomial, its halves apart (Gopal and others, "Fast
 * CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009). Bits are reflected. */
__attribute__((target("avx512f,vpclmulqdq,sse4.2"))) static uint32_t folded(
    uint32_t crc, const uint8_t *next, size_t count) {
  const __m512i factors = _mm512_broadcast_i32x4(_mm_set_epi64x(0xb9e02b86, 0xdcb17aa4));
  __m512i lanes[4];
  for (size_t i = 0; i < 4; ++i) lanes[i] = _mm512_loadu_si512(next + 64 * i);
  lanes[0] = _mm512_xor_si512(lanes[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)~crc)));
  next += FOLD;
  count -= FOLD;
  for (; count >= FOLD; next += FOLD, count -= FOLD)
    for (size_t i = 0; i < 4; ++i) {
      const __m512i low = _mm512_clmulepi64_epi128(lanes[i], factors, 0x00);
      const __m512i high = _mm512_clmulepi64_epi128(lanes[i], factors, 0x11);
      const __m512i data = _mm512_loadu_si512(next + 64 * i);
      lanes[i] = _mm512_ternarylogic_epi64(low, high, data, 0x96);
    }
  uint8_t rest[FOLD];
  for (size_t i = 0; i < 4; ++i) _mm512_storeu_si512(rest + 64 * i, lanes[i]);
  /* The finished sum before these bytes is the one whose complement is zero. */
  return accelerated(accelerated(0xFFFFFFFF, rest, FOLD), next, count);
}

static int can_fold(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
}
#endif

int optstate_crc32c_is_accelerated(void) { return is_supported(); }

uint32_t optstate_crc32c(uint32_t crc, const void *bytes, size_t count) {
  if (!is_supported()) return optstate_crc32c_portable(crc, bytes, count);
  pthread_once(&tables_made, make_tables);
#if defined(__x86_64__)
  if (count >= 2 * FOLD && can_fold()) return folded(crc, bytes, count);
#endif
  return accelerated(crc, bytes, count);
}

#else

int optstate_crc32c_is_accelerated(void) { return 0; }

uint32_t optstate_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return optstate_crc32c_portable(crc, bytes, count);
}

#endif

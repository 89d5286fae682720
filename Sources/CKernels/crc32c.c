#include "include/crc32c.h"

#define POLYNOMIAL 0x82F63B78u
#include "crc_body.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

/* Bytes of each of the three interleaved streams. The instruction has a latency of three cycles
 * and a throughput of one, so three independent sums run in the time of one. */
#define LANE ((size_t)2048)

static uint32_t lane_shift[4][256]; /* a sum moved past LANE zero bytes, byte by byte */
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void make_tables(void) {
  make_common_tables();
  uint32_t lane = power_of_bytes(LANE);
  for (int place = 0; place < 4; place++)
    for (uint32_t byte = 0; byte < 256; byte++)
      lane_shift[place][byte] = multiply(lane, byte << (8 * place));
}

uint32_t optstate_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  pthread_once(&tables_made, make_tables);
  return ~by_tables(~crc, bytes, count);
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

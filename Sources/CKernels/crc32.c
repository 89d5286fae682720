#include "include/crc32.h"

#define POLYNOMIAL 0xEDB88320u
#include "crc_body.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

uint32_t optstate_crc32_portable(uint32_t crc, const void *bytes, size_t count) {
  pthread_once(&tables_made, make_common_tables);
  return ~by_tables(~crc, bytes, count);
}

uint32_t optstate_crc32_combine(uint32_t first, uint32_t second, uint64_t second_count) {
  pthread_once(&tables_made, make_common_tables);
  return multiply(power_of_bytes(second_count), first) ^ second;
}

#if defined(__x86_64__)

#define FOLDING __attribute__((target("pclmul,sse4.1")))

/* Moves 16 bytes of the message past the bytes that the factor stands for, and adds what is there.
 * The factor holds x^(d+32) and x^(d-32) modulo the polynomial, d the distance in bits, reflected
 * and shifted by one: the product of two reflected 64-bit numbers comes out one bit low. */
FOLDING
static inline __m128i fold(__m128i sum, __m128i factor, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(sum, factor, 0x00);
  const __m128i high = _mm_clmulepi64_si128(sum, factor, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

FOLDING
static inline __m128i load(const uint8_t *bytes) {
  return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

/* Sums by carry-less multiplication: four strands of 16 bytes each are moved past 64 bytes at a time,
 * then past one another; the tables take the 16 bytes that remain and the rest. (Gopal et al., "Fast CRC
 * Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009.) */
FOLDING
static uint32_t accelerated(uint32_t crc, const uint8_t *next, size_t count) {
  const __m128i past64 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
  const __m128i past16 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
  __m128i a = _mm_xor_si128(load(next), _mm_cvtsi32_si128((int)crc));
  __m128i b = load(next + 16), c = load(next + 32), d = load(next + 48);
  for (next += 64, count -= 64; count >= 64; next += 64, count -= 64) {
    a = fold(a, past64, load(next));
    b = fold(b, past64, load(next + 16));
    c = fold(c, past64, load(next + 32));
    d = fold(d, past64, load(next + 48));
  }
  a = fold(fold(fold(a, past16, b), past16, c), past16, d);
  for (; count >= 16; next += 16, count -= 16) a = fold(a, past16, load(next));
  uint8_t remainder[16];
  memcpy(remainder, &a, 16);
  return by_tables(by_tables(0, remainder, 16), next, count);
}

static int is_supported(void) {
  return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)

static uint32_t accelerated(uint32_t crc, const uint8_t *next, size_t count) {
  for (; count >= 8; next += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, next, 8);
    crc = __crc32d(crc, word);
  }
  while (count--) crc = __crc32b(crc, *next++);
  return crc;
}

static int is_supported(void) { return 1; }

#else

static uint32_t accelerated(uint32_t crc, const uint8_t *next, size_t count) {
  return by_tables(crc, next, count);
}

static int is_supported(void) { return 0; }

#endif

uint32_t optstate_crc32(uint32_t crc, const void *bytes, size_t count) {
  if (count < 64 || !is_supported()) return optstate_crc32_portable(crc, bytes, count);
  pthread_once(&tables_made, make_common_tables);
  return ~accelerated(~crc, bytes, count);
}

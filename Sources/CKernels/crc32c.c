#include "include/crc32c.h"

#define POLYNOMIAL 0x82F63B78u
#include "crc_body.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
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

int optstate_crc32c_is_accelerated(void) { return is_supported(); }

uint32_t optstate_crc32c(uint32_t crc, const void *bytes, size_t count) {
  if (!is_supported()) return optstate_crc32c_portable(crc, bytes, count);
  pthread_once(&tables_made, make_tables);
  return accelerated(crc, bytes, count);
}

#else

int optstate_crc32c_is_accelerated(void) { return 0; }

uint32_t optstate_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return optstate_crc32c_portable(crc, bytes, count);
}

#endif

/* The arithmetic of a reflected CRC-32 whose POLYNOMIAL the including file has defined: tables that
 * take eight bytes at a time, and sums moved past bytes of which only the number is known. */

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static uint32_t slices[8][256]; /* slicing by eight */
static uint32_t powers[64];     /* x^(2^n) modulo the polynomial, n = 0... */

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

static void make_common_tables(void) {
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
}

/* Continues a sum that is not yet inverted. */
static uint32_t by_tables(uint32_t crc, const uint8_t *next, size_t count) {
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
  return crc;
}

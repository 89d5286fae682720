#ifndef OPTSTATE_CRC32C_H
#define OPTSTATE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C: Castagnoli's polynomial 0x1EDC6F41, reflected 0x82F63B78, initial and final value
 * 0xFFFFFFFF (RFC 3720, appendix B.4). `crc` is the finished sum of what came before, 0 for none. */

/* The sum by the fastest way that this processor has. */
uint32_t optstate_crc32c(uint32_t crc, const void *bytes, size_t count);

/* The sum from tables alone, on any processor. */
uint32_t optstate_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

/* The sum of A followed by B from the sums of both and the length of B in bytes. O(log count). */
uint32_t optstate_crc32c_combine(uint32_t first, uint32_t second, uint64_t second_count);

/* 1 if the processor's own instruction is used, 0 if the tables are. */
int optstate_crc32c_is_accelerated(void);

#endif

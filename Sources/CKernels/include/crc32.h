#ifndef OPTSTATE_CRC32_H
#define OPTSTATE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 of zip archives: polynomial 0x04C11DB7, reflected 0xEDB88320, initial and final value
 * 0xFFFFFFFF (ISO 3309; APPNOTE.TXT, 4.4.7). `crc` is the finished sum of what came before, 0 for none. */

/* The sum by the fastest way that this processor has. */
uint32_t optstate_crc32(uint32_t crc, const void *bytes, size_t count);

/* The sum from tables alone, on any processor. */
uint32_t optstate_crc32_portable(uint32_t crc, const void *bytes, size_t count);

/* The sum of A followed by B from the sums of both and the length of B in bytes. O(log count). */
uint32_t optstate_crc32_combine(uint32_t first, uint32_t second, uint64_t second_count);

#endif

// What Debian's libzstd.a calls to read frames of zstd 0.5 to 0.7, of 2016. The release links it, and these in place of its
// readers for them, which would add 90 kB: Zstd refuses such frames by their magic numbers before it asks libzstd.
#if defined(__linux__)
#include <stddef.h>

// An error, as libzstd tells it: the negative of ZSTD_error_GENERIC.
#define REFUSED ((size_t)-1)

#define LEGACY(version)                                                                                                  \
    void *ZSTDv##version##_createDCtx(void);                                                                             \
    void *ZSTDv##version##_createDCtx(void) { return NULL; }                                                             \
    size_t ZSTDv##version##_freeDCtx(void *context);                                                                     \
    size_t ZSTDv##version##_freeDCtx(void *context) { (void)context; return 0; }                                         \
    size_t ZSTDv##version##_decompress_usingDict(void);                                                                  \
    size_t ZSTDv##version##_decompress_usingDict(void) { return REFUSED; }                                               \
    size_t ZSTDv##version##_getFrameParams(void);                                                                        \
    size_t ZSTDv##version##_getFrameParams(void) { return REFUSED; }                                                     \
    void ZSTDv##version##_findFrameSizeInfoLegacy(const void *, size_t, size_t *size, unsigned long long *bound);        \
    void ZSTDv##version##_findFrameSizeInfoLegacy(const void *source, size_t count, size_t *size,                        \
                                                  unsigned long long *bound) {                                           \
        (void)source;                                                                                                    \
        (void)count;                                                                                                     \
        *size = REFUSED;                                                                                                 \
        *bound = (unsigned long long)-2;                                                                                 \
    }                                                                                                                    \
    void *ZBUFFv##version##_createDCtx(void);                                                                            \
    void *ZBUFFv##version##_createDCtx(void) { return NULL; }                                                            \
    size_t ZBUFFv##version##_freeDCtx(void *context);                                                                    \
    size_t ZBUFFv##version##_freeDCtx(void *context) { (void)context; return 0; }                                        \
    size_t ZBUFFv##version##_decompressInitDictionary(void);                                                             \
    size_t ZBUFFv##version##_decompressInitDictionary(void) { return REFUSED; }                                          \
    size_t ZBUFFv##version##_decompressContinue(void);                                                                   \
    size_t ZBUFFv##version##_decompressContinue(void) { return REFUSED; }

LEGACY(05)
LEGACY(06)
LEGACY(07)
#endif

#ifndef OPTSTATE_CZLIB_SHIM_H
#define OPTSTATE_CZLIB_SHIM_H

#include <string.h>
#include <zlib.h>

/* deflateInit2 and inflateInit2 are macros, which Swift does not import. A window of -15 bits means raw deflate. */
static inline int optstate_inflate_init(z_stream *stream) {
  return inflateInit2(stream, -15);
}

static inline int optstate_deflate_init(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}

#endif

#ifndef OPTSTATE_CZLIB_SHIM_H
#define OPTSTATE_CZLIB_SHIM_H

#include <string.h>
#include <zlib.h>

/* deflateInit2 and inflateInit2 are macros, which Swift does not import. A window of 15 bits means
 * a zlib stream (HDF5's deflate filter), of -15 raw deflate (zip members). */
static inline int optstate_inflate_init(z_stream *stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}

static inline int optstate_deflate_init(z_stream *stream, int level, int window_bits) {
  return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}

#endif

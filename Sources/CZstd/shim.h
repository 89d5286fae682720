#ifndef OPTSTATE_CZSTD_SHIM_H
#define OPTSTATE_CZSTD_SHIM_H

#include <zstd.h>
#include <zstd_errors.h>

/* Frames of another magic number than ZSTD_MAGICNUMBER, those of before zstd 0.8 among them, are refused before libzstd
 * sees them: the release leaves its readers for them out (see CPlatform). */

#endif

#ifndef OPTSTATE_ROOTS_H
#define OPTSTATE_ROOTS_H

#include <stddef.h>

#include "update.h"

/* The single-precision square root of Intel's vector library (VML, high accuracy), which PyTorch's x86 builds call. It is
 * not correctly rounded: it refines the processor's own approximate reciprocal root, so that its bits depend on the
 * processor's maker. */
typedef enum {
  OPTSTATE_ROOT_UNKNOWN = 0,
  /* AMD: vrsqrtps, each operation rounded; all float32 numbers compared with MKL 2024.2 on Zen 4. */
  OPTSTATE_ROOT_AMD_AVX2 = 1,
  /* Intel with AVX-512: vrsqrt14ps, fused; read in the library's code, not run. */
  OPTSTATE_ROOT_AVX512 = 2,
} optstate_root_path_t;

/* The path that the library takes on this processor. */
optstate_root_path_t optstate_root_path(void);

/* The root of one number by this processor's path; correctly rounded where that is unknown. */
float optstate_mkl_root(float x);

/* The roots of `count` numbers; `y` may be `x`. */
void optstate_mkl_roots(const float *x, float *y, size_t count);

/* PyTorch's Adam and AdamW as optstate_adam_fused without a tail, with this root. */
void optstate_adam_mkl(
    float *p, const float *g, float *m, float *v, size_t count, const optstate_adam_fused_t *k);

#endif

#include "include/update.h"

#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* The square of a float is exact in double, so that only the order of the additions matters, and
 * that is the same on every path: element i belongs to sum i mod 16. */
#define LANES ((size_t)16)

static size_t square_sum_portable(double *sums, const float *x, size_t count) {
  const size_t end = count - count % LANES;
  for (size_t i = 0; i < end; i += LANES)
    for (size_t lane = 0; lane < LANES; ++lane) {
      const double value = x[i + lane];
      sums[lane] += value * value;
    }
  return end;
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static size_t square_sum_avx2(
    double *sums, const float *x, size_t count) {
  const size_t end = count - count % LANES;
  __m256d total[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(),
                      _mm256_setzero_pd()};
  for (size_t i = 0; i < end; i += LANES)
    for (size_t part = 0; part < 4; ++part) {
      const __m256d value = _mm256_cvtps_pd(_mm_loadu_ps(x + i + 4 * part));
      total[part] = _mm256_fmadd_pd(value, value, total[part]);
    }
  for (size_t part = 0; part < 4; ++part) _mm256_storeu_pd(sums + 4 * part, total[part]);
  return end;
}

__attribute__((target("avx512f"))) static size_t square_sum_avx512(
    double *sums, const float *x, size_t count) {
  const size_t end = count - count % LANES;
  __m512d low = _mm512_setzero_pd(), high = _mm512_setzero_pd();
  for (size_t i = 0; i < end; i += LANES) {
    const __m512d a = _mm512_cvtps_pd(_mm256_loadu_ps(x + i));
    const __m512d b = _mm512_cvtps_pd(_mm256_loadu_ps(x + i + 8));
    low = _mm512_fmadd_pd(a, a, low);
    high = _mm512_fmadd_pd(b, b, high);
  }
  _mm512_storeu_pd(sums, low);
  _mm512_storeu_pd(sums + 8, high);
  return end;
}
#endif

double optstate_square_sum(optstate_path_t path, const float *x, size_t count) {
  double sums[LANES] = {0};
  size_t done = 0;
#if defined(__x86_64__)
  if (path == OPTSTATE_AVX512) done = square_sum_avx512(sums, x, count);
  if (path == OPTSTATE_AVX2) done = square_sum_avx2(sums, x, count);
#endif
  if (done == 0) done = square_sum_portable(sums, x, count);
  for (size_t i = done; i < count; ++i) {
    const double value = x[i];
    sums[i - done] += value * value;
  }
  for (size_t width = LANES / 2; width > 0; width /= 2)
    for (size_t lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  return sums[0];
}

#include "include/roots.h"

#pragma STDC FP_CONTRACT OFF

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Outside of these bounds, and for NaN, the library calls a correctly rounded root number by number. */
#define LEAST 0x00800000u
#define GREATEST 0x7f7ff000u

static float exact_root(float x) { return __builtin_elementwise_sqrt(x); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) static __m256 root_avx2(__m256 x) {
  const __m256 half = _mm256_set1_ps(0.5f);
  const __m256 r = _mm256_rsqrt_ps(x);
  __m256 s = _mm256_mul_ps(x, r), h = _mm256_mul_ps(r, half);
  const __m256 e = _mm256_sub_ps(half, _mm256_mul_ps(s, h));
  s = _mm256_add_ps(s, _mm256_mul_ps(s, e));
  h = _mm256_add_ps(h, _mm256_mul_ps(h, e));
  const __m256 d = _mm256_sub_ps(x, _mm256_mul_ps(s, s));
  const __m256 fast = _mm256_add_ps(s, _mm256_mul_ps(d, h));
  /* As signed integers the usual numbers lie between the bounds, negative ones below them. */
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i small = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)LEAST), bits);
  const __m256i large = _mm256_cmpgt_epi32(bits, _mm256_set1_epi32((int)GREATEST));
  const __m256 unusual = _mm256_castsi256_ps(_mm256_or_si256(small, large));
  return _mm256_blendv_ps(fast, _mm256_sqrt_ps(x), unusual);
}

__attribute__((target("avx2"))) static void roots_avx2(const float *x, float *y, size_t count) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) _mm256_storeu_ps(y + i, root_avx2(_mm256_loadu_ps(x + i)));
  if (i == count) return;
  float rest[8] = {1, 1, 1, 1, 1, 1, 1, 1};
  memcpy(rest, x + i, (count - i) * sizeof *x);
  _mm256_storeu_ps(rest, root_avx2(_mm256_loadu_ps(rest)));
  memcpy(y + i, rest, (count - i) * sizeof *x);
}

__attribute__((target("avx2"))) static float root_one_avx2(float x) {
  return _mm256_cvtss_f32(root_avx2(_mm256_set1_ps(x)));
}

__attribute__((target("avx512f"))) static __m512 root_avx512(__m512 x) {
  const __m512 half = _mm512_set1_ps(0.5f);
  const __m512 r = _mm512_rsqrt14_ps(x);
  __m512 s = _mm512_mul_ps(x, r), h = _mm512_mul_ps(r, half);
  const __m512 e = _mm512_fnmadd_ps(s, h, half);
  s = _mm512_fmadd_ps(s, e, s);
  h = _mm512_fmadd_ps(h, e, h);
  const __m512 d = _mm512_fnmadd_ps(s, s, x);
  const __m512i bits = _mm512_castps_si512(x);
  const __mmask16 unusual = _mm512_cmplt_epi32_mask(bits, _mm512_set1_epi32((int)LEAST)) |
                            _mm512_cmpgt_epi32_mask(bits, _mm512_set1_epi32((int)GREATEST));
  return _mm512_mask_sqrt_ps(_mm512_fmadd_ps(d, h, s), unusual, x);
}

__attribute__((target("avx512f"))) static void roots_avx512(
    const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 here = count - i < 16 ? (__mmask16)((1u << (count - i)) - 1) : 0xffff;
    const __m512 values = _mm512_mask_loadu_ps(_mm512_set1_ps(1), here, x + i);
    _mm512_mask_storeu_ps(y + i, here, root_avx512(values));
  }
}

__attribute__((target("avx512f"))) static float root_one_avx512(float x) {
  return _mm512_cvtss_f32(root_avx512(_mm512_set1_ps(x)));
}
#endif

optstate_root_path_t optstate_root_path(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_is("amd") && __builtin_cpu_supports("avx2")) return OPTSTATE_ROOT_AMD_AVX2;
  if (__builtin_cpu_is("intel") && __builtin_cpu_supports("avx512f")) return OPTSTATE_ROOT_AVX512;
#endif
  return OPTSTATE_ROOT_UNKNOWN;
}

float optstate_mkl_root(float x) {
#if defined(__x86_64__)
  switch (optstate_root_path()) {
    case OPTSTATE_ROOT_AMD_AVX2: return root_one_avx2(x);
    case OPTSTATE_ROOT_AVX512: return root_one_avx512(x);
    case OPTSTATE_ROOT_UNKNOWN: break;
  }
#endif
  return exact_root(x);
}

void optstate_mkl_roots(const float *x, float *y, size_t count) {
#if defined(__x86_64__)
  switch (optstate_root_path()) {
    case OPTSTATE_ROOT_AMD_AVX2: roots_avx2(x, y, count); return;
    case OPTSTATE_ROOT_AVX512: roots_avx512(x, y, count); return;
    case OPTSTATE_ROOT_UNKNOWN: break;
  }
#endif
  for (size_t i = 0; i < count; ++i) y[i] = exact_root(x[i]);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static size_t adam_mkl_avx2(
    float *p, const float *g, float *m, float *v, size_t count, const optstate_adam_fused_t *k) {
  const int from_old = k->share1 < 0.5f && k->share1 > -0.5f;
  const __m256 scale = _mm256_set1_ps(k->scale), decay = _mm256_set1_ps(k->decay);
  const __m256 share1 = _mm256_set1_ps(from_old ? k->share1 : k->share1 - 1);
  const __m256 beta2 = _mm256_set1_ps(k->beta2), share2 = _mm256_set1_ps(k->share2);
  const __m256 correction = _mm256_set1_ps(k->root_correction);
  const __m256 epsilon = _mm256_set1_ps(k->epsilon), step_size = _mm256_set1_ps(k->step_size);
  const size_t end = count - count % 8;
  for (size_t i = 0; i < end; i += 8) {
    const __m256 gi = _mm256_mul_ps(_mm256_loadu_ps(g + i), scale);
    const __m256 pi = _mm256_mul_ps(_mm256_loadu_ps(p + i), decay);
    __m256 mi = _mm256_loadu_ps(m + i), vi = _mm256_loadu_ps(v + i);
    mi = _mm256_fmadd_ps(share1, _mm256_sub_ps(gi, mi), from_old ? mi : gi);
    vi = _mm256_fmadd_ps(_mm256_mul_ps(share2, gi), gi, _mm256_mul_ps(beta2, vi));
    const __m256 d = _mm256_add_ps(_mm256_div_ps(root_avx2(vi), correction), epsilon);
    const __m256 step = _mm256_div_ps(_mm256_mul_ps(step_size, mi), d);
    _mm256_storeu_ps(p + i, _mm256_sub_ps(pi, step));
    _mm256_storeu_ps(m + i, mi);
    _mm256_storeu_ps(v + i, vi);
  }
  return end;
}
#endif

void optstate_adam_mkl(
    float *p, const float *g, float *m, float *v, size_t count, const optstate_adam_fused_t *k) {
  size_t i = 0;
#if defined(__x86_64__)
  if (optstate_root_path() == OPTSTATE_ROOT_AMD_AVX2 && __builtin_cpu_supports("fma"))
    i = adam_mkl_avx2(p, g, m, v, count, k);
#endif
  const int from_old = k->share1 < 0.5f && k->share1 > -0.5f;
  const float share1 = from_old ? k->share1 : k->share1 - 1;
  for (; i < count; ++i) {
    const float gi = g[i] * k->scale;
    m[i] = fmaf(share1, gi - m[i], from_old ? m[i] : gi);
    v[i] = fmaf(k->share2 * gi, gi, k->beta2 * v[i]);
    const float d = optstate_mkl_root(v[i]) / k->root_correction + k->epsilon;
    p[i] = p[i] * k->decay - (k->step_size * m[i]) / d;
  }
}

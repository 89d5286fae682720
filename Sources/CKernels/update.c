#include "include/update.h"

#pragma STDC FP_CONTRACT OFF

#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define VECTOR float
#define WIDTH ((size_t)1)
#define TARGET
#define NAME(rule) rule##_portable
#define LOAD(address) (*(address))
#define STORE(address, value) (*(address) = (value))
#define SET(value) (value)
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define ROOT(a) __builtin_elementwise_sqrt(a)
#define FMA(a, b, c) fmaf(a, b, c)
#include "update_body.h"

#if defined(__x86_64__)
#define VECTOR __m256
#define WIDTH ((size_t)8)
#define TARGET __attribute__((target("avx2,fma")))
#define NAME(rule) rule##_avx2
#define LOAD(address) _mm256_loadu_ps(address)
#define STORE(address, value) _mm256_storeu_ps(address, value)
#define SET(value) _mm256_set1_ps(value)
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUB(a, b) _mm256_sub_ps(a, b)
#define MUL(a, b) _mm256_mul_ps(a, b)
#define DIV(a, b) _mm256_div_ps(a, b)
#define ROOT(a) _mm256_sqrt_ps(a)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#include "update_body.h"

#define VECTOR __m512
#define WIDTH ((size_t)16)
#define TARGET __attribute__((target("avx512f")))
#define NAME(rule) rule##_avx512
#define LOAD(address) _mm512_loadu_ps(address)
#define STORE(address, value) _mm512_storeu_ps(address, value)
#define SET(value) _mm512_set1_ps(value)
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)
#define MUL(a, b) _mm512_mul_ps(a, b)
#define DIV(a, b) _mm512_div_ps(a, b)
#define ROOT(a) _mm512_sqrt_ps(a)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#include "update_body.h"
#endif

optstate_path_t optstate_update_path(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return OPTSTATE_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return OPTSTATE_AVX2;
#endif
  return OPTSTATE_PORTABLE;
}

/* Runs a rule by a path and lets the portable one finish the elements that fill no vector. */
#if defined(__x86_64__)
#define RUN(done, path, rule, ...) \
  size_t done = 0; \
  if (path == OPTSTATE_AVX512) done = rule##_avx512(__VA_ARGS__); \
  if (path == OPTSTATE_AVX2) done = rule##_avx2(__VA_ARGS__)
#else
#define RUN(done, path, rule, ...) \
  size_t done = 0; \
  (void)path
#endif

void optstate_adam_bert(
    optstate_path_t path, float *p, const float *g, float *m, float *v, size_t count,
    const optstate_adam_bert_t *k) {
  RUN(done, path, adam_bert, p, g, m, v, count, k);
  adam_bert_portable(p + done, g + done, m + done, v + done, count - done, k);
}

void optstate_adam_hat(
    optstate_path_t path, float *p, const float *g, float *m, float *v, size_t count,
    const optstate_adam_hat_t *k) {
  RUN(done, path, adam_hat, p, g, m, v, count, k);
  adam_hat_portable(p + done, g + done, m + done, v + done, count - done, k);
}

void optstate_adam_fused(
    optstate_path_t path, float *p, const float *g, float *m, float *v, size_t count,
    const optstate_adam_fused_t *k) {
  const size_t body = k->body < count ? k->body : count;
  RUN(done, path, adam_fused, p, g, m, v, body, 0, k);
  adam_fused_portable(p + done, g + done, m + done, v + done, body - done, 0, k);
  adam_fused_portable(p + body, g + body, m + body, v + body, count - body, 1, k);
}

void optstate_momentum(
    optstate_path_t path, float *p, const float *g, float *b, size_t count,
    const optstate_momentum_t *k) {
  RUN(done, path, momentum, p, g, b, count, k);
  momentum_portable(p + done, g + done, b + done, count - done, k);
}

void optstate_momentum_fused(
    optstate_path_t path, float *p, const float *g, float *b, size_t count,
    const optstate_momentum_fused_t *k) {
  const size_t body = k->body < count ? k->body : count;
  RUN(done, path, momentum_fused, p, g, b, body, 0, k);
  momentum_fused_portable(p + done, g + done, b + done, body - done, 0, k);
  momentum_fused_portable(p + body, g + body, b + body, count - body, 1, k);
}

uint64_t optstate_flush_subnormals(void) {
#if defined(__x86_64__)
  const unsigned state = _mm_getcsr();
  _mm_setcsr(state | 0x8040u); /* flush to zero, denormals are zero */
  return state;
#elif defined(__aarch64__)
  uint64_t state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  __asm__ volatile("msr fpcr, %0" : : "r"(state | (1ull << 24)));
  return state;
#else
  return 0;
#endif
}

void optstate_restore_subnormals(uint64_t state) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)state);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(state));
#else
  (void)state;
#endif
}

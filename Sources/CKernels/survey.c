#include "include/survey.h"

#pragma STDC FP_CONTRACT OFF

#include <math.h>
#include <string.h>

/* The bodies are plain C over vectors of sixteen lanes, inlined into one function per instruction set. */
#define LANES ((size_t)16)
typedef float floats __attribute__((ext_vector_type(16)));
typedef double doubles __attribute__((ext_vector_type(16)));
typedef int32_t ints __attribute__((ext_vector_type(16)));
typedef uint32_t words __attribute__((ext_vector_type(16)));

#define BODY static inline __attribute__((always_inline))
#define LOAD(type, address) ({ type loaded; memcpy(&loaded, (address), sizeof loaded); loaded; })
#define WIDE(x) __builtin_convertvector(x, doubles)

/* Elements that are treated without looking for what is not finite; a block that turns out to hold such
 * is treated again with care. */
#define BLOCK (128 * LANES)

static const uint32_t infinite = 0x7F800000;

BODY uint32_t magnitude(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits & 0x7FFFFFFF;
}

BODY void survey_body(const float *x, size_t count, optstate_survey_t *out) {
/* The square of a float is exact in double: fused or not, the sum is the same. */
#pragma STDC FP_CONTRACT ON
  doubles sum = 0, squares = 0;
  floats low = INFINITY, high = -INFINITY;
  uint64_t zeros = 0, nan = 0, inf = 0;
  size_t i = 0;
  while (i + LANES <= count) {
    const size_t left = (count - i) / LANES * LANES;
    const size_t end = i + (left < BLOCK ? left : BLOCK);
    const size_t start = i;
    const doubles sum_before = sum, squares_before = squares;
    const floats low_before = low, high_before = high;
    ints zero = 0;
    for (; i < end; i += LANES) {
      const floats value = LOAD(floats, x + i);
      const doubles wide = WIDE(value);
      sum += wide;
      squares += wide * wide;
      low = value < low ? value : low;
      high = value > high ? value : high;
      zero -= value == 0;
    }
    /* What is not finite stays in a sum of squares, which nothing else makes infinite. */
    double total = 0;
    for (size_t lane = 0; lane < LANES; ++lane) total += squares[lane];
    if (total < INFINITY) {
      zeros += (uint64_t)__builtin_reduce_add(zero);
      continue;
    }
    sum = sum_before;
    squares = squares_before;
    low = low_before;
    high = high_before;
    for (i = start; i < end; ++i) {
      const size_t lane = i % LANES;
      const uint32_t bits = magnitude(x[i]);
      zeros += bits == 0;
      nan += bits > infinite;
      inf += bits == infinite;
      if (bits >= infinite) continue;
      sum[lane] += (double)x[i];
      squares[lane] += (double)x[i] * (double)x[i];
      if (x[i] < low[lane]) low[lane] = x[i];
      if (x[i] > high[lane]) high[lane] = x[i];
    }
  }
  for (; i < count; ++i) {
    const size_t lane = i % LANES;
    const uint32_t bits = magnitude(x[i]);
    zeros += bits == 0;
    nan += bits > infinite;
    inf += bits == infinite;
    if (bits >= infinite) continue;
    sum[lane] += (double)x[i];
    squares[lane] += (double)x[i] * (double)x[i];
    if (x[i] < low[lane]) low[lane] = x[i];
    if (x[i] > high[lane]) high[lane] = x[i];
  }
  out->sum = out->squares = 0;
  out->min = INFINITY;
  out->max = -INFINITY;
  for (size_t lane = 0; lane < LANES; ++lane) {
    out->sum += sum[lane];
    out->squares += squares[lane];
    if (low[lane] < out->min) out->min = low[lane];
    if (high[lane] > out->max) out->max = high[lane];
  }
  out->zeros = zeros;
  out->nan = nan;
  out->inf = inf;
}

BODY void extremes_body(const float *x, size_t count, optstate_survey_t *out) {
  floats low = INFINITY, high = -INFINITY;
  uint64_t zeros = 0;
  size_t i = 0;
  while (i + LANES <= count) {
    const size_t left = (count - i) / LANES * LANES;
    const size_t end = i + (left < BLOCK ? left : BLOCK);
    ints zero = 0;
    floats spoiled = 0;
    for (; i < end; i += LANES) {
      const floats value = LOAD(floats, x + i);
      low = value < low ? value : low;
      high = value > high ? value : high;
      /* Zero times what is not finite is NaN, and stays so. */
      spoiled += value * 0.0f;
      zero -= value == 0;
    }
    if (__builtin_reduce_or((ints)spoiled & 0x7FFFFFFF)) {
      survey_body(x, count, out);
      return;
    }
    zeros += (uint64_t)__builtin_reduce_add(zero);
  }
  survey_body(x + i, count - i, out);
  for (size_t lane = 0; lane < LANES; ++lane) {
    if (low[lane] < out->min) out->min = low[lane];
    if (high[lane] > out->max) out->max = high[lane];
  }
  out->sum = out->squares = NAN;
  out->zeros += zeros;
}

BODY void ratio_body(
    const float *m, const float *v, size_t count, float room, float limit, optstate_ratio_t *out) {
  float top = 0;
  uint64_t beyond = 0;
  size_t i = 0;
  while (i + LANES <= count) {
    const size_t left = (count - i) / LANES * LANES;
    const size_t start = i, end = i + (left < BLOCK ? left : BLOCK);
    /* Most blocks hold nothing above the largest ratio so far, which a product tells without a division.
     * Both sides are scaled alike, so that the squares of small moments do not vanish. */
    const float best = top < limit ? top : limit;
    const float square = best * best * 0x1p40f;
    ints above = 0;
    for (; i < end; i += LANES) {
      const floats first = LOAD(floats, m + i) * 0x1p20f;
      const floats second = (LOAD(floats, v + i) + room) * square;
      above |= ~(first * first <= second) | (second == INFINITY);
    }
    if (!__builtin_reduce_or(above)) continue;
    floats largest = top;
    ints outside = 0;
    for (i = start; i < end; i += LANES) {
      const floats first = __builtin_elementwise_abs(LOAD(floats, m + i));
      const floats second = LOAD(floats, v + i);
      const floats ratio = first / __builtin_elementwise_sqrt(second + room);
      /* NaN compares as false, an infinite first moment is told by its tensor's own survey. */
      const ints counts = (ratio < INFINITY) & (second >= 0);
      const floats kept = (floats)((ints)ratio & counts);
      largest = __builtin_elementwise_max(largest, kept);
      outside -= kept > limit;
    }
    beyond += (uint64_t)__builtin_reduce_add(outside);
    top = __builtin_reduce_max(largest);
  }
  for (; i < count; ++i) {
    const float ratio = fabsf(m[i]) / __builtin_elementwise_sqrt(v[i] + room);
    if (!(ratio < INFINITY) || !(v[i] >= 0)) continue;
    if (ratio > top) top = ratio;
    beyond += ratio > limit;
  }
  out->largest = top;
  out->beyond = beyond;
}

BODY int32_t rank(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits < 0 ? -(bits & 0x7FFFFFFF) : bits;
}

/* One element after another, for what fills no vector, what is not finite, and to find a place. */
static void difference_plain(
    const float *a, const float *b, size_t start, size_t end, uint32_t ulp, double relative,
    optstate_difference_t *out) {
  for (size_t i = start; i < end; ++i) {
    if (memcmp(a + i, b + i, sizeof *a) == 0) continue;
    if (magnitude(a[i]) > infinite || magnitude(b[i]) > infinite) {
      if (!out->has_nan) out->place = i;
      out->has_nan = 1;
      out->count += 1;
      continue;
    }
    const int32_t first = rank(a[i]), second = rank(b[i]);
    const uint32_t apart = first > second ? (uint32_t)first - (uint32_t)second
                                          : (uint32_t)second - (uint32_t)first;
    const double one = a[i], other = b[i];
    const double larger = fmax(fabs(one), fabs(other));
    const double proportion = larger == 0 ? 0 : isinf(larger) ? INFINITY : fabs(one - other) / larger;
    if (relative >= 0 ? proportion <= relative : apart <= ulp && ulp > 0) continue;
    if (!out->has_nan && (out->count == 0 || apart > out->largest_ulp)) out->place = i;
    out->has_numbers = 1;
    out->count += 1;
    if (apart > out->largest_ulp) out->largest_ulp = apart;
    if (proportion > out->largest_relative) out->largest_relative = proportion;
  }
}

BODY void difference_body(
    const float *a, const float *b, size_t count, uint32_t ulp, double relative,
    optstate_difference_t *out) {
  memset(out, 0, sizeof *out);
  size_t i = 0;
  while (i + LANES <= count) {
    const size_t left = (count - i) / LANES * LANES;
    const size_t start = i, end = i + (left < BLOCK ? left : BLOCK);
    if (memcmp(a + start, b + start, (end - start) * sizeof *a) == 0) {
      i = end;
      continue;
    }
    words magnitudes = 0, furthest = 0;
    doubles largest = 0;
    ints outside = 0;
    for (; i < end; i += LANES) {
      const floats one = LOAD(floats, a + i), other = LOAD(floats, b + i);
      const ints first = LOAD(ints, a + i), second = LOAD(ints, b + i);
      const ints first_size = first & 0x7FFFFFFF, second_size = second & 0x7FFFFFFF;
      const ints larger_size = __builtin_elementwise_max(first_size, second_size);
      magnitudes = __builtin_elementwise_max(magnitudes, (words)larger_size);
      const ints first_sign = first >> 31, second_sign = second >> 31;
      const words x = (words)((first_size ^ first_sign) - first_sign);
      const words y = (words)((second_size ^ second_sign) - second_sign);
      const ints greater = (ints)x > (ints)y;
      const words apart = ((x - y) & (words)greater) | ((y - x) & ~(words)greater);
      const doubles wide = WIDE(one), wide_other = WIDE(other);
      const doubles larger = __builtin_elementwise_max(
          __builtin_elementwise_max(__builtin_elementwise_abs(wide), __builtin_elementwise_abs(wide_other)),
          (doubles)1e-300);
      const doubles proportion = __builtin_elementwise_abs(wide - wide_other) / larger;
      ints counts = first != second;
      if (relative >= 0)
        counts &= __builtin_convertvector(proportion > relative, ints);
      else if (ulp > 0)
        counts &= (ints)(apart > ulp);
      outside -= counts;
      furthest = __builtin_elementwise_max(furthest, apart & (words)counts);
      const doubles masked = proportion * __builtin_convertvector(-counts, doubles);
      largest = __builtin_elementwise_max(largest, masked);
    }
    if (__builtin_reduce_max(magnitudes) >= infinite) {
      difference_plain(a, b, start, end, ulp, relative, out);
      continue;
    }
    const uint64_t found = (uint64_t)__builtin_reduce_add(outside);
    if (found == 0) continue;
    if (!out->has_nan && (out->count == 0 || __builtin_reduce_max(furthest) > out->largest_ulp)) {
      difference_plain(a, b, start, end, ulp, relative, out);
      continue;
    }
    out->count += found;
    out->has_numbers = 1;
    const uint32_t top = __builtin_reduce_max(furthest);
    if (top > out->largest_ulp) out->largest_ulp = top;
    for (size_t lane = 0; lane < LANES; ++lane)
      if (largest[lane] > out->largest_relative) out->largest_relative = largest[lane];
  }
  difference_plain(a, b, i, count, ulp, relative, out);
}

double optstate_ratio_histogram(
    const float *m, const float *v, size_t count, float epsilon, uint64_t *bins, int bin_count,
    int offset) {
  double squares = 0;
  for (size_t i = 0; i < count; ++i) {
    const float root = __builtin_elementwise_sqrt(v[i]);
    const float step = m[i] / (root + epsilon);
    if (!(fabsf(step) < INFINITY)) continue;
    squares += (double)step * (double)step;
    if (!(v[i] > 0) || m[i] == 0) continue;
    /* Twice the binary logarithm, rounded down, from the bits of the square. */
    const double ratio = (double)m[i] / (double)root;
    const double square = ratio * ratio;
    uint64_t bits;
    memcpy(&bits, &square, sizeof bits);
    int bin = (int)(bits >> 52) - 1023 + offset;
    bin = bin < 0 ? 0 : bin >= bin_count ? bin_count - 1 : bin;
    bins[bin] += 1;
  }
  return squares;
}

#define VERSIONS(name, parameters, arguments, suffix, target) \
  target static void name##suffix parameters { name##_body arguments; }

#if defined(__x86_64__)
#define EACH(name, parameters, arguments)                                                          \
  VERSIONS(name, parameters, arguments, _portable, )                                               \
  VERSIONS(name, parameters, arguments, _avx2, __attribute__((target("avx2,fma"))))                    \
  VERSIONS(name, parameters, arguments, _avx512, __attribute__((target("avx512f,avx512dq,avx512vl"))))  \
  void optstate_##name parameters {                                                                \
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&                 \
        __builtin_cpu_supports("avx512vl"))                                                        \
      name##_avx512 arguments;                                                                     \
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))                                                       \
      name##_avx2 arguments;                                                                       \
    else                                                                                           \
      name##_portable arguments;                                                                   \
  }
#else
#define EACH(name, parameters, arguments) \
  void optstate_##name parameters { name##_body arguments; }
#endif

EACH(survey, (const float *x, size_t count, optstate_survey_t *out), (x, count, out))
EACH(extremes, (const float *x, size_t count, optstate_survey_t *out), (x, count, out))
EACH(ratio,
     (const float *m, const float *v, size_t count, float room, float limit, optstate_ratio_t *out),
     (m, v, count, room, limit, out))
EACH(difference,
     (const float *a, const float *b, size_t count, uint32_t ulp, double relative,
      optstate_difference_t *out),
     (a, b, count, ulp, relative, out))

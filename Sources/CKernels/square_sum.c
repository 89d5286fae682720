#include "include/update.h"

#pragma STDC FP_CONTRACT OFF

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Both frameworks add float32 squares in eight lanes, on every processor and for any number of
 * threads; what differs is how the lanes are fed and joined. */
#define LANES ((size_t)8)

/* TensorFlow (Eigen): four vectors of lanes in turn, then one. */
static size_t tensorflow_lanes_portable(float lanes[LANES], const float *x, size_t count, float scale) {
  const size_t unrolled = count - count % (4 * LANES);
  const size_t end = count - count % LANES;
  float total[4][LANES];
  memset(total, 0, sizeof total);
  for (size_t i = 0; i < unrolled; i += 4 * LANES)
    for (size_t part = 0; part < 4; ++part)
      for (size_t lane = 0; lane < LANES; ++lane) {
        const float value = x[i + part * LANES + lane];
        total[part][lane] += (value * value) * scale;
      }
  for (size_t lane = 0; lane < LANES; ++lane)
    lanes[lane] = ((total[0][lane] + total[1][lane]) + total[2][lane]) + total[3][lane];
  for (size_t i = unrolled; i < end; i += LANES)
    for (size_t lane = 0; lane < LANES; ++lane) lanes[lane] += (x[i + lane] * x[i + lane]) * scale;
  return end;
}

/* PyTorch: one vector of lanes. */
static size_t pytorch_lanes_portable(float lanes[LANES], const float *x, size_t count) {
  const size_t end = count - count % LANES;
  memset(lanes, 0, LANES * sizeof *lanes);
  for (size_t i = 0; i < end; i += LANES)
    for (size_t lane = 0; lane < LANES; ++lane) lanes[lane] += x[i + lane] * x[i + lane];
  return end;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t tensorflow_lanes_avx2(
    float lanes[LANES], const float *x, size_t count, float scale) {
  const size_t unrolled = count - count % (4 * LANES);
  const size_t end = count - count % LANES;
  const __m256 factor = _mm256_set1_ps(scale);
  __m256 total[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                     _mm256_setzero_ps()};
  for (size_t i = 0; i < unrolled; i += 4 * LANES)
    for (size_t part = 0; part < 4; ++part) {
      const __m256 value = _mm256_loadu_ps(x + i + part * LANES);
      const __m256 square = _mm256_mul_ps(_mm256_mul_ps(value, value), factor);
      total[part] = _mm256_add_ps(total[part], square);
    }
  __m256 sum = _mm256_add_ps(_mm256_add_ps(total[0], total[1]), total[2]);
  sum = _mm256_add_ps(sum, total[3]);
  for (size_t i = unrolled; i < end; i += LANES) {
    const __m256 value = _mm256_loadu_ps(x + i);
    sum = _mm256_add_ps(sum, _mm256_mul_ps(_mm256_mul_ps(value, value), factor));
  }
  _mm256_storeu_ps(lanes, sum);
  return end;
}

__attribute__((target("avx2"))) static size_t pytorch_lanes_avx2(
    float lanes[LANES], const float *x, size_t count) {
  const size_t end = count - count % LANES;
  __m256 sum = _mm256_setzero_ps();
  for (size_t i = 0; i < end; i += LANES) {
    const __m256 value = _mm256_loadu_ps(x + i);
    sum = _mm256_add_ps(sum, _mm256_mul_ps(value, value));
  }
  _mm256_storeu_ps(lanes, sum);
  return end;
}
#endif

/* Up to this many elements are added in one go; more are halved, at a multiple of the lanes. */
#define LEAF (1024 * LANES)

static float tensorflow_leaf(optstate_path_t path, const float *x, size_t count, float scale) {
  float lanes[LANES];
  size_t end;
#if defined(__x86_64__)
  if (path != OPTSTATE_PORTABLE)
    end = tensorflow_lanes_avx2(lanes, x, count, scale);
  else
#endif
    end = tensorflow_lanes_portable(lanes, x, count, scale);
  (void)path;
  float rest = 0;
  for (size_t i = end; i < count; ++i) rest += (x[i] * x[i]) * scale;
  const float even = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]);
  const float odd = (lanes[1] + lanes[5]) + (lanes[3] + lanes[7]);
  return rest + (even + odd);
}

size_t optstate_tensorflow_split(size_t first, size_t count) {
  if (count <= LEAF) return count;
  const size_t middle = first + (count + 1) / 2;
  return (middle + LANES - 1) / LANES * LANES - first;
}

float optstate_square_sum_tensorflow(
    optstate_path_t path, const float *x, size_t first, size_t count, float scale) {
  const size_t left = optstate_tensorflow_split(first, count);
  if (left == count) return tensorflow_leaf(path, x, count, scale);
  const float sum = optstate_square_sum_tensorflow(path, x, first, left, scale);
  return sum + optstate_square_sum_tensorflow(path, x + left, first + left, count - left, scale);
}

float optstate_square_sum_pytorch(optstate_path_t path, const float *x, size_t count) {
  float lanes[LANES];
  size_t end;
#if defined(__x86_64__)
  if (path != OPTSTATE_PORTABLE)
    end = pytorch_lanes_avx2(lanes, x, count);
  else
#endif
    end = pytorch_lanes_portable(lanes, x, count);
  (void)path;
  float sum = lanes[0];
  for (size_t lane = 1; lane < LANES; ++lane) sum += lanes[lane];
  /* Of the last up to seven, four are squared first and added in turn, the others are fused. */
  const size_t squared = end + (count - end) / 4 * 4;
  for (size_t i = end; i < squared; ++i) sum += x[i] * x[i];
  for (size_t i = squared; i < count; ++i) sum = fmaf(x[i], x[i], sum);
  return sum;
}

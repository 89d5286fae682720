#ifndef OPTSTATE_SURVEY_H
#define OPTSTATE_SURVEY_H

#include <stddef.h>
#include <stdint.h>

/* What float32 arrays look like as a whole, in one pass at the speed of memory. Sums are kept in double,
 * in sixteen lanes whatever instructions the processor has, so that every machine gives the same bits. */

/* Extremes and sums are over the finite elements; min is above max when there is none. */
typedef struct {
  double sum, squares;
  float min, max;
  uint64_t zeros, nan, inf;
} optstate_survey_t;

void optstate_survey(const float *x, size_t count, optstate_survey_t *out);

/* The same without the sums, which are of no account afterwards; about twice as fast. */
void optstate_extremes(const float *x, size_t count, optstate_survey_t *out);

/* The ratio |m|/sqrt(v + room) of two moments; pairs with a negative second moment, a NaN or an infinity
 * take no part. */
typedef struct {
  float largest;
  uint64_t beyond;
} optstate_ratio_t;

void optstate_ratio(
    const float *m, const float *v, size_t count, float room, float limit, optstate_ratio_t *out);

/* Adds to bins[i] the pairs with v > 0 and m != 0 whose ratio |m|/sqrt(v) is at least 2^((i - offset)/2) and
 * below the next power; what lies outside goes to the first and the last bin. Returns the sum of
 * (m/(sqrt(v) + epsilon))^2 over the finite ones. */
double optstate_ratio_histogram(
    const float *m, const float *v, size_t count, float epsilon, uint64_t *bins, int bin_count,
    int offset);

/* How two arrays differ. An element counts when its bits differ and it is outside the tolerance: more than
 * `ulp` representable numbers apart, or more than `relative` of the larger magnitude where that is not
 * negative; a NaN always is. An infinity differs from anything else by an infinite proportion. */
typedef struct {
  uint64_t count;
  uint32_t largest_ulp;
  double largest_relative;
  size_t place;
  /* Whether the element at `place` is a NaN on either side, which counts as the worst. */
  int has_nan;
  /* Whether any element that counts has numbers on both sides. */
  int has_numbers;
} optstate_difference_t;

void optstate_difference(
    const float *a, const float *b, size_t count, uint32_t ulp, double relative,
    optstate_difference_t *out);

#endif

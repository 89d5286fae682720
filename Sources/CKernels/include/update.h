#ifndef OPTSTATE_UPDATE_H
#define OPTSTATE_UPDATE_H

#include <stddef.h>
#include <stdint.h>

/* Optimizer updates of float32 arrays in place, one pass over memory. Every multiplication, addition,
 * division and root is rounded on its own except where a fused multiply-add is named; the widest
 * instructions that the processor has give the same bits as the portable path. The rules in Swift
 * (OptimizerCore/Rules) say the same in plain sight. `scale` multiplies each gradient first. */

/* The instructions to compute with. */
typedef enum {
  OPTSTATE_PORTABLE = 0,
  OPTSTATE_AVX2 = 1,
  OPTSTATE_AVX512 = 2,
} optstate_path_t;

/* The widest path of this processor. */
optstate_path_t optstate_update_path(void);

/* BERT's AdamWeightDecayOptimizer:
 *   m = beta1*m + share1*g;  v = beta2*v + share2*(g*g)
 *   u = m/(sqrt(v) + epsilon) + weight_decay*p;  p = p - learning_rate*u
 * A weight_decay of 0 leaves the last summand of u out. */
typedef struct {
  float scale, beta1, share1, beta2, share2, epsilon, weight_decay, learning_rate;
} optstate_adam_bert_t;

void optstate_adam_bert(
    optstate_path_t path, float *p, const float *g, float *m, float *v, size_t count,
    const optstate_adam_bert_t *k);

/* Adam in the epsilon-hat form of TensorFlow and Keras:
 *   p = p - (p*decay_rate)*learning_rate, left out for a decay_rate of 0
 *   m = m + (g - m)*share1;  v = v + (g*g - v)*share2
 *   p = p - (m*alpha)/(sqrt(v) + epsilon) */
typedef struct {
  float scale, decay_rate, learning_rate, share1, share2, alpha, epsilon;
} optstate_adam_hat_t;

void optstate_adam_hat(
    optstate_path_t path, float *p, const float *g, float *m, float *v, size_t count,
    const optstate_adam_hat_t *k);

/* PyTorch's Adam and AdamW:
 *   p = p*decay
 *   m = fma(share1, g - m, m), from share1 = 0.5 on fma(share1 - 1, g - m, g)
 *   v = fma(share2*g, g, beta2*v), from the element `body` on fma(beta2, v, (share2*g)*g)
 *   p = p - (step_size*m)/(sqrt(v)/root_correction + epsilon) */
typedef struct {
  float scale, decay, share1, beta2, share2, root_correction, epsilon, step_size;
  size_t body;
} optstate_adam_fused_t;

void optstate_adam_fused(
    optstate_path_t path, float *p, const float *g, float *m, float *v, size_t count,
    const optstate_adam_fused_t *k);

/* TensorFlow's momentum, with Nesterov's step where asked for:
 *   b = b*momentum + g;  p = p - b*learning_rate,  or p = p - (g*learning_rate + (b*momentum)*learning_rate) */
typedef struct {
  float scale, momentum, learning_rate;
  int nesterov;
} optstate_momentum_t;

void optstate_momentum(
    optstate_path_t path, float *p, const float *g, float *b, size_t count,
    const optstate_momentum_t *k);

/* PyTorch's SGD with momentum:
 *   b = fma(share, g, momentum*b), from the element `body` on fma(b, momentum, share*g)
 *   d = b or fma(momentum, b, g);  p = fma(-learning_rate, d, p) */
typedef struct {
  float scale, momentum, share, learning_rate;
  int nesterov;
  size_t body;
} optstate_momentum_fused_t;

void optstate_momentum_fused(
    optstate_path_t path, float *p, const float *g, float *b, size_t count,
    const optstate_momentum_fused_t *k);

/* The sum of (x*x)*scale as TensorFlow's CPU kernels form it in one thread: in eight float32 lanes, more
 * than 8192 elements in halves. `first` is the index of x[0] in the array that is halved. */
float optstate_square_sum_tensorflow(
    optstate_path_t path, const float *x, size_t first, size_t count, float scale);

/* Elements of the left half of such a sum, or `count` where it is added in one go. */
size_t optstate_tensorflow_split(size_t first, size_t count);

/* The sum of x*x as PyTorch's vector_norm forms it: in eight float32 lanes. */
float optstate_square_sum_pytorch(optstate_path_t path, const float *x, size_t count);

/* Makes the processor treat subnormal numbers as zero, operands and results, or not, in this thread;
 * returns what to restore afterwards with optstate_restore_subnormals. */
uint64_t optstate_flush_subnormals(void);
void optstate_restore_subnormals(uint64_t state);

#endif

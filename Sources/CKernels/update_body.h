/* The updates once for every width of vector; included with the operations defined as macros.
 * Each function treats a multiple of WIDTH elements and returns how many. */

TARGET static size_t NAME(adam_bert)(
    float *p, const float *g, float *m, float *v, size_t count, const optstate_adam_bert_t *k) {
  const VECTOR scale = SET(k->scale), beta1 = SET(k->beta1), share1 = SET(k->share1);
  const VECTOR beta2 = SET(k->beta2), share2 = SET(k->share2), epsilon = SET(k->epsilon);
  const VECTOR decay = SET(k->weight_decay), rate = SET(k->learning_rate);
  const int decays = k->weight_decay != 0;
  const size_t end = count - count % WIDTH;
  for (size_t i = 0; i < end; i += WIDTH) {
    const VECTOR gi = MUL(LOAD(g + i), scale), pi = LOAD(p + i);
    const VECTOR mi = ADD(MUL(beta1, LOAD(m + i)), MUL(share1, gi));
    const VECTOR vi = ADD(MUL(beta2, LOAD(v + i)), MUL(share2, MUL(gi, gi)));
    VECTOR u = DIV(mi, ADD(ROOT(vi), epsilon));
    if (decays) u = ADD(u, MUL(decay, pi));
    STORE(p + i, SUB(pi, MUL(rate, u)));
    STORE(m + i, mi);
    STORE(v + i, vi);
  }
  return end;
}

TARGET static size_t NAME(adam_hat)(
    float *p, const float *g, float *m, float *v, size_t count, const optstate_adam_hat_t *k) {
  const VECTOR scale = SET(k->scale), decay = SET(k->decay_rate), rate = SET(k->learning_rate);
  const VECTOR share1 = SET(k->share1), share2 = SET(k->share2);
  const VECTOR alpha = SET(k->alpha), epsilon = SET(k->epsilon);
  const int decays = k->decay_rate != 0;
  const size_t end = count - count % WIDTH;
  for (size_t i = 0; i < end; i += WIDTH) {
    const VECTOR gi = MUL(LOAD(g + i), scale);
    VECTOR pi = LOAD(p + i), mi = LOAD(m + i), vi = LOAD(v + i);
    if (decays) pi = SUB(pi, MUL(MUL(pi, decay), rate));
    mi = ADD(mi, MUL(SUB(gi, mi), share1));
    vi = ADD(vi, MUL(SUB(MUL(gi, gi), vi), share2));
    STORE(p + i, SUB(pi, DIV(MUL(mi, alpha), ADD(ROOT(vi), epsilon))));
    STORE(m + i, mi);
    STORE(v + i, vi);
  }
  return end;
}

TARGET static size_t NAME(adam_fused)(
    float *p, const float *g, float *m, float *v, size_t count, int is_tail,
    const optstate_adam_fused_t *k) {
  const int from_old = k->share1 < 0.5f && k->share1 > -0.5f;
  const VECTOR scale = SET(k->scale), decay = SET(k->decay);
  const VECTOR share1 = SET(from_old ? k->share1 : k->share1 - 1);
  const VECTOR beta2 = SET(k->beta2), share2 = SET(k->share2);
  const VECTOR root_correction = SET(k->root_correction), epsilon = SET(k->epsilon);
  const VECTOR step_size = SET(k->step_size);
  const size_t end = count - count % WIDTH;
  for (size_t i = 0; i < end; i += WIDTH) {
    const VECTOR gi = MUL(LOAD(g + i), scale), pi = MUL(LOAD(p + i), decay);
    VECTOR mi = LOAD(m + i), vi = LOAD(v + i);
    mi = FMA(share1, SUB(gi, mi), from_old ? mi : gi);
    const VECTOR sg = MUL(share2, gi);
    vi = is_tail ? FMA(beta2, vi, MUL(sg, gi)) : FMA(sg, gi, MUL(beta2, vi));
    const VECTOR d = ADD(DIV(ROOT(vi), root_correction), epsilon);
    STORE(p + i, SUB(pi, DIV(MUL(step_size, mi), d)));
    STORE(m + i, mi);
    STORE(v + i, vi);
  }
  return end;
}

TARGET static size_t NAME(momentum)(
    float *p, const float *g, float *b, size_t count, const optstate_momentum_t *k) {
  const VECTOR scale = SET(k->scale), momentum = SET(k->momentum), rate = SET(k->learning_rate);
  const size_t end = count - count % WIDTH;
  for (size_t i = 0; i < end; i += WIDTH) {
    const VECTOR gi = MUL(LOAD(g + i), scale);
    const VECTOR bi = ADD(MUL(LOAD(b + i), momentum), gi);
    const VECTOR step =
        k->nesterov ? ADD(MUL(gi, rate), MUL(MUL(bi, momentum), rate)) : MUL(bi, rate);
    STORE(p + i, SUB(LOAD(p + i), step));
    STORE(b + i, bi);
  }
  return end;
}

TARGET static size_t NAME(momentum_fused)(
    float *p, const float *g, float *b, size_t count, int is_tail,
    const optstate_momentum_fused_t *k) {
  const VECTOR scale = SET(k->scale), momentum = SET(k->momentum), share = SET(k->share);
  const VECTOR minus_rate = SET(-k->learning_rate);
  const size_t end = count - count % WIDTH;
  for (size_t i = 0; i < end; i += WIDTH) {
    const VECTOR gi = MUL(LOAD(g + i), scale), old = LOAD(b + i);
    const VECTOR bi =
        is_tail ? FMA(old, momentum, MUL(share, gi)) : FMA(share, gi, MUL(momentum, old));
    const VECTOR d = k->nesterov ? FMA(momentum, bi, gi) : bi;
    STORE(p + i, FMA(minus_rate, d, LOAD(p + i)));
    STORE(b + i, bi);
  }
  return end;
}

#undef VECTOR
#undef WIDTH
#undef TARGET
#undef NAME
#undef LOAD
#undef STORE
#undef SET
#undef ADD
#undef SUB
#undef MUL
#undef DIV
#undef ROOT
#undef FMA

/* Kernels: the loops of ranking that numpy can only make of many passes.
 *
 * Each does what a function of the core does with numpy, and says which; that one is its oracle. The
 * arithmetic is the same - float32 where numpy has float32, in the order in which numpy does it, double
 * where numpy has float64 - so nothing may be contracted or reassociated (-ffp-contract=off, never
 * -ffast-math). Sums in double may be taken in another order: what comes of them is rounded to float32.
 *
 * Nothing here trusts an index: arrays come from files. Whoever calls answers for lengths only. Nothing is
 * kept between calls, and no lock is needed: Python's is released meanwhile.
 */

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

#ifndef KERNELS_STAMP
#define KERNELS_STAMP 0
#endif

uint32_t kernels_stamp(void) { return KERNELS_STAMP; }

/* recsvc.core.ranking.voices.content.content: postings[wanted].T @ weights, without copying the slices. */
int64_t text_scores(const int32_t *starts, int64_t n_terms, const int32_t *rows, const float *weights,
                    int64_t n_entries, const int64_t *wanted, const float *wanted_weights,
                    int64_t n_wanted, float *scores, int64_t n) {
    for (int64_t row = 0; row < n; row++) scores[row] = 0.0f;
    for (int64_t i = 0; i < n_wanted; i++) {
        if (wanted[i] < 0 || wanted[i] >= n_terms) return OUTSIDE;
        const int64_t start = starts[wanted[i]], end = starts[wanted[i] + 1];
        if (start < 0 || start > end || end > n_entries) return OUTSIDE;
        const float weight = wanted_weights[i];
        int64_t at = start;
        /* Four at a time, looked at together: checking costs nothing beside waiting for memory. */
        for (; end - at >= 4; at += 4) {
            const uint32_t a = rows[at], b = rows[at + 1], c = rows[at + 2], d = rows[at + 3];
            if ((a >= n) | (b >= n) | (c >= n) | (d >= n)) return OUTSIDE;
            scores[a] += weights[at] * weight;
            scores[b] += weights[at + 1] * weight;
            scores[c] += weights[at + 2] * weight;
            scores[d] += weights[at + 3] * weight;
        }
        for (; at < end; at++) {
            if ((uint32_t)rows[at] >= n) return OUTSIDE;
            scores[rows[at]] += weights[at] * weight;
        }
    }
    return 0;
}

/* recsvc.core.ranking.standardizing._sums. Four sums at a time of each: one would wait for itself. */
int64_t score_sums(const float *scores, const float *warm, int64_t n, double *sums) {
    double at[5][4] = {{0}};
    int64_t row = 0;
    for (; n - row >= 4; row += 4) {
        for (int lane = 0; lane < 4; lane++) {
            const double score = scores[row + lane], is_warm = warm[row + lane];
            at[0][lane] += is_warm;
            at[1][lane] += score;
            at[2][lane] += score * score;
            at[3][lane] += score * is_warm;
            at[4][lane] += score * is_warm * score;
        }
    }
    for (; row < n; row++) {
        const double score = scores[row], is_warm = warm[row];
        at[0][0] += is_warm;
        at[1][0] += score;
        at[2][0] += score * score;
        at[3][0] += score * is_warm;
        at[4][0] += score * is_warm * score;
    }
    for (int i = 0; i < 5; i++) sums[i] = (at[i][0] + at[i][1]) + (at[i][2] + at[i][3]);
    return 0;
}

/* A heap of the best rows so far, the worst of them on top. Rows come in ascending order, so that of equal
 * scores the first are kept. */

#define STRETCH 16

static int is_worse(const float *scores, int64_t a, int64_t b) {
    return scores[a] < scores[b] || (scores[a] == scores[b] && a > b);
}

static void sink(const float *scores, int64_t *heap, int64_t size, int64_t at) {
    const int64_t row = heap[at];
    for (int64_t below; (below = 2 * at + 1) < size; at = below) {
        if (below + 1 < size && is_worse(scores, heap[below + 1], heap[below])) below++;
        if (!is_worse(scores, heap[below], row)) break;
        heap[at] = heap[below];
    }
    heap[at] = row;
}

static void heap_up(const float *scores, int64_t *heap, int64_t size) {
    for (int64_t at = size / 2; at-- > 0;) sink(scores, heap, size, at);
}

/* Whether any of some scores is above the least that counts: looked at together, as hardly any is. */
static int is_any_above(const float *scores, float least) {
    int found = 0;
    for (int i = 0; i < STRETCH; i++) found |= scores[i] > least;
    return found;
}

/* `may_show` is NULL where all rows may be. */
static int64_t top(const float *scores, const uint8_t *may_show, int64_t n, int64_t k, int64_t *rows) {
    int64_t size = 0;
    float least = -INFINITY;
    if (k <= 0) return 0;
    for (int64_t start = 0; start < n; start += STRETCH) {
        const int64_t end = start + STRETCH < n ? start + STRETCH : n;
        if (end == start + STRETCH && !is_any_above(scores + start, least)) continue;
        for (int64_t row = start; row < end; row++) {
            if (!(scores[row] > least) || (may_show && !may_show[row]) || scores[row] > FLT_MAX) continue;
            if (size < k) {
                rows[size++] = row;
                if (size < k) continue;
                heap_up(scores, rows, size);
            } else {
                rows[0] = row;
                sink(scores, rows, size, 0);
            }
            least = scores[rows[0]];
        }
    }
    if (size < k) heap_up(scores, rows, size);
    for (int64_t last = size; last-- > 1;) { /* the worst goes to the end */
        const int64_t worst = rows[0];
        rows[0] = rows[last];
        rows[last] = worst;
        sink(scores, rows, last, 0);
    }
    return size;
}

/* recsvc.core.top_k.top_k. */
int64_t top_rows(const float *scores, int64_t n, int64_t k, int64_t *rows) {
    return top(scores, NULL, n, k, rows);
}

/* recsvc.core.ranking.standardizing.Standard.points, of one row. */
static float points_at(const struct voice *voice, const float *warm, int64_t row) {
    if (voice->points) return voice->points[row];
    if (!voice->scores) return 0.0f;
    const float scale = warm[row] * voice->scale_slope + voice->scale_base;
    const float points = (warm[row] * voice->slope - voice->base) + voice->scores[row] * scale;
    return voice->fade ? points * voice->fade[row] : points;
}

/* The same of all rows, added up. */
static void add_points(const struct voice *voice, const float *warm, int64_t n, float *restrict total) {
    const float *scores = voice->scores, *fade = voice->fade;
    const float slope = voice->slope, base = voice->base;
    const float scale_slope = voice->scale_slope, scale_base = voice->scale_base;
    if (fade)
        for (int64_t row = 0; row < n; row++)
            total[row] += ((warm[row] * slope - base) + scores[row] * (warm[row] * scale_slope + scale_base))
                          * fade[row];
    else
        for (int64_t row = 0; row < n; row++)
            total[row] += (warm[row] * slope - base) + scores[row] * (warm[row] * scale_slope + scale_base);
}

/* recsvc.core.ranking.blend.Blend._best. */
int64_t best_rows(const float *common, const float *lift, int64_t n_lift, const float *warm,
                  const uint8_t *may_show, int64_t n_may_show, int64_t n, const struct voice *voices,
                  int64_t n_voices, const int64_t *excluded, int64_t n_excluded, float *total, int64_t k,
                  int64_t *rows, float *scores, uint8_t *loudest) {
    int is_finite = 1;
    for (int64_t row = 0; row < n; row++) total[row] = common[row];
    for (int64_t i = 0; i < n_voices; i++)
        if (voices[i].scores) add_points(&voices[i], warm, n, total);
    for (int64_t row = 0; row < n && row < n_lift; row++) total[row] += lift[row];
    for (int64_t row = 0; row < n; row++) is_finite &= fabsf(total[row]) <= FLT_MAX;
    if (!is_finite) return NOT_FINITE;
    for (int64_t i = 0; i < n_excluded; i++) {
        if (excluded[i] < 0) return OUTSIDE;
        if (excluded[i] < n) total[excluded[i]] = -INFINITY;
    }
    const int64_t found = top(total, may_show, n < n_may_show ? n : n_may_show, k, rows);
    for (int64_t place = 0; place < found; place++) {
        float most = 0.0f;
        scores[place] = total[rows[place]];
        loudest[place] = 0;
        for (int64_t i = 0; i < n_voices; i++) {
            const float points = points_at(&voices[i], warm, rows[place]);
            if (i == 0 || points > most) most = points, loudest[place] = (uint8_t)i;
        }
    }
    return found;
}

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

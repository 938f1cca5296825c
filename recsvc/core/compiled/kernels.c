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
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

#ifndef KERNELS_STAMP
#define KERNELS_STAMP 0
#endif

uint32_t kernels_stamp(void) { return KERNELS_STAMP; }

/* Tells the processor what is read soon. A list is short, and where each begins nothing foretells: the
 * wait for its first lines would be most of the time. */
#if defined(__GNUC__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)(address))
#endif
#define LINE 16       /* entries of 32 bits */
#define AHEAD 4       /* lists */
#define MOST_LINES 16 /* of a list; behind them it is foretold */

static void fetch(const int32_t *rows, const float *weights, int64_t start, int64_t end) {
    if (end > start + MOST_LINES * LINE) end = start + MOST_LINES * LINE;
    for (int64_t at = start; at < end; at += LINE) FETCH(rows + at), FETCH(weights + at);
}

/* The entries of a list of postings: 0, or OUTSIDE. */
static int64_t list_of(const int32_t *starts, int64_t n_lists, int64_t n_entries, int64_t list,
                       int64_t *start, int64_t *end) {
    if (list < 0 || list >= n_lists) return OUTSIDE;
    *start = starts[list], *end = starts[list + 1];
    return *start < 0 || *start > *end || *end > n_entries ? OUTSIDE : 0;
}

/* recsvc.core.text.postings._scores: postings[wanted].T @ weights, without copying the slices. */
int64_t text_scores(const int32_t *starts, int64_t n_terms, const int32_t *rows, const float *weights,
                    int64_t n_entries, const int64_t *wanted, const float *wanted_weights,
                    int64_t n_wanted, float *scores, int64_t n) {
    for (int64_t row = 0; row < n; row++) scores[row] = 0.0f;
    return text_added(starts, n_terms, rows, weights, n_entries, wanted, wanted_weights, n_wanted, scores, n);
}

int64_t text_added(const int32_t *starts, int64_t n_terms, const int32_t *rows, const float *weights,
                   int64_t n_entries, const int64_t *wanted, const float *wanted_weights,
                   int64_t n_wanted, float *scores, int64_t n) {
    for (int64_t i = 0; i < n_wanted; i++) {
        int64_t start, end;
        if (i + AHEAD < n_wanted && !list_of(starts, n_terms, n_entries, wanted[i + AHEAD], &start, &end))
            fetch(rows, weights, start, end);
        if (list_of(starts, n_terms, n_entries, wanted[i], &start, &end)) return OUTSIDE;
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

static void add_sums(double *sums, double score, double is_warm) {
    sums[0] += is_warm;
    sums[1] += score;
    sums[2] += score * score;
    sums[3] += score * is_warm;
    sums[4] += score * is_warm * score;
}

/* recsvc.core.ranking.standardizing._sums. Four of each at a time: one would wait for itself. */
int64_t score_sums(const float *scores, const float *warm, int64_t n, const int64_t *own, int64_t m,
                   double everything[5], double mine[5]) {
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
    for (int i = 0; i < 5; i++) everything[i] = (at[i][0] + at[i][1]) + (at[i][2] + at[i][3]), mine[i] = 0;
    for (; row < n; row++) add_sums(everything, scores[row], warm[row]);
    for (int64_t i = 0; i < m; i++) {
        if (own[i] < 0 || own[i] >= n) return OUTSIDE;
        add_sums(mine, scores[own[i]], warm[own[i]]);
    }
    return 0;
}

/* The best rows so far, as numbers whose order is that of the list: the score above, the row, turned round,
 * below, so that of equal scores the first row is best. They are gathered without order, and whenever their
 * room is full all but the best k go; what is not above the worst of those need not be looked at again. */

#define STRETCH 16

static uint64_t key_of(float score, int64_t row) {
    uint32_t bits;
    score += 0.0f; /* -0 is 0 */
    memcpy(&bits, &score, sizeof bits);
    bits = bits >> 31 ? ~bits : bits | 0x80000000;
    return (uint64_t)bits << 32 | (UINT32_MAX - (uint32_t)row);
}

static int64_t row_of(uint64_t key) { return UINT32_MAX - (uint32_t)key; }

static void swap(uint64_t *a, uint64_t *b) {
    const uint64_t kept = *a;
    *a = *b, *b = kept;
}

/* Parts keys by the middle one of three; returns where the larger ones end. No two keys are equal. */
static int64_t parted(uint64_t *keys, int64_t size) {
    uint64_t *first = keys, *middle = keys + size / 2, *last = keys + size - 1;
    if (*first < *middle) swap(first, middle);
    if (*middle < *last) swap(middle, last);
    if (*first < *middle) swap(first, middle);
    swap(middle, last);
    int64_t to = 0;
    for (int64_t at = 0; at < size - 1; at++) { /* without a branch, which nothing would foretell */
        const uint64_t key = keys[at];
        keys[at] = keys[to], keys[to] = key;
        to += key > *last;
    }
    swap(keys + to, last);
    return to;
}

/* Brings the largest k of some keys to the front (Hoare 1961). */
static void selected(uint64_t *keys, int64_t size, int64_t k) {
    while (size > 1 && k > 0 && k < size) {
        const int64_t at = parted(keys, size);
        if (at >= k) size = at;
        else keys += at + 1, size -= at + 1, k -= at + 1;
    }
}

/* Puts keys in order, the largest first. */
static void sorted(uint64_t *keys, int64_t size) {
    for (; size > 12;) { /* the smaller part first, so that calls stand few deep */
        const int64_t at = parted(keys, size), above = at + 1, rest = size - above;
        if (at < rest) sorted(keys, at), keys += above, size = rest;
        else sorted(keys + above, rest), size = at;
    }
    for (int64_t at = 1; at < size; at++) {
        const uint64_t key = keys[at];
        int64_t to = at;
        for (; to > 0 && keys[to - 1] < key; to--) keys[to] = keys[to - 1];
        keys[to] = key;
    }
}

/* Whether any of some scores is at least as much as counts: looked at together, as hardly any is. */
static int is_any_worth(const float *scores, float least) {
    int found = 0;
    for (int i = 0; i < STRETCH; i++) found |= scores[i] > least;
    return found;
}

/* `may_show` is NULL where all rows may be. */
static int64_t top(const float *scores, const uint8_t *may_show, int64_t n, int64_t k, int64_t *rows) {
    if (k <= 0) return 0;
    if (n > UINT32_MAX) return OUTSIDE;
    const int64_t room = (k < n ? k : n) * 4 + STRETCH;
    uint64_t *keys = malloc((size_t)room * sizeof *keys);
    if (!keys) return NO_MEMORY;
    int64_t size = 0;
    float least = -INFINITY;
    for (int64_t start = 0; start < n; start += STRETCH) {
        const int64_t end = start + STRETCH < n ? start + STRETCH : n;
        if (end == start + STRETCH && !is_any_worth(scores + start, least)) continue;
        if (size + STRETCH > room) {
            selected(keys, size, k);
            size = k;
            uint64_t worst = keys[0];
            for (int64_t at = 1; at < k; at++) worst = keys[at] < worst ? keys[at] : worst;
            least = scores[row_of(worst)];
        }
        for (int64_t row = start; row < end; row++) /* rows come in order: an equal score is worse */
            if (scores[row] > least && (!may_show || may_show[row]) && scores[row] <= FLT_MAX)
                keys[size++] = key_of(scores[row], row);
    }
    selected(keys, size, k);
    const int64_t found = size < k ? size : k;
    sorted(keys, found);
    for (int64_t place = 0; place < found; place++) rows[place] = row_of(keys[place]);
    free(keys);
    return found;
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

/* The same of some rows, added up. */
static void add_points(const struct voice *voice, const float *warm, int64_t start, int64_t end,
                       float *restrict total) {
    const float *scores = voice->scores, *fade = voice->fade;
    const float slope = voice->slope, base = voice->base;
    const float scale_slope = voice->scale_slope, scale_base = voice->scale_base;
    if (fade)
        for (int64_t row = start; row < end; row++)
            total[row] += ((warm[row] * slope - base) + scores[row] * (warm[row] * scale_slope + scale_base))
                          * fade[row];
    else
        for (int64_t row = start; row < end; row++)
            total[row] += (warm[row] * slope - base) + scores[row] * (warm[row] * scale_slope + scale_base);
}

#define BLOCK 1024

/* recsvc.core.ranking.blend.Blend._best. */
int64_t best_rows(const float *common, const float *warm, int64_t n, const struct bounds *bounds,
                  const struct voice *voices, int64_t n_voices, float *total, int64_t k, int64_t *rows,
                  float *scores, uint8_t *loudest) {
    for (int64_t start = 0, end; start < n; start = end) { /* as much as stays in the nearest cache */
        int is_finite = 1;
        end = start + BLOCK < n ? start + BLOCK : n;
        for (int64_t row = start; row < end; row++) total[row] = common[row];
        for (int64_t i = 0; i < n_voices; i++)
            if (voices[i].scores) add_points(&voices[i], warm, start, end, total);
        for (int64_t row = start; row < end && row < bounds->n_lift; row++) total[row] += bounds->lift[row];
        for (int64_t row = start; row < end; row++) is_finite &= fabsf(total[row]) <= FLT_MAX;
        if (!is_finite) return NOT_FINITE;
    }
    for (int64_t i = 0; i < bounds->n_tired; i++) {
        const int64_t row = bounds->tired[i];
        if (row < 0) return OUTSIDE;
        if (row >= n) continue;
        total[row] -= bounds->tired_points[i];
        if (!(fabsf(total[row]) <= FLT_MAX)) return NOT_FINITE;
    }
    for (int64_t i = 0; i < bounds->n_excluded; i++) {
        if (bounds->excluded[i] < 0) return OUTSIDE;
        if (bounds->excluded[i] < n) total[bounds->excluded[i]] = -INFINITY;
    }
    const int64_t reach = n < bounds->n_may_show ? n : bounds->n_may_show;
    const int64_t found = top(total, bounds->may_show, reach, k, rows);
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

/* A set of numbers below some bound, which knows the place of each in ascending order. */
struct set {
    uint64_t *bits;
    int32_t *before; /* how many stand in the words before each */
    int64_t bound, size;
};

static int64_t set_made(struct set *set, int64_t bound) {
    const int64_t words = bound / 64 + 1;
    *set = (struct set){calloc((size_t)words, sizeof *set->bits), NULL, bound, 0};
    set->before = malloc((size_t)words * sizeof *set->before);
    return set->bits && set->before ? 0 : NO_MEMORY;
}

static void set_freed(struct set *set) { free(set->bits), free(set->before); }

static void set_add(struct set *set, uint64_t number) { set->bits[number / 64] |= 1ull << number % 64; }

static int count_of(uint64_t bits) { /* Warren, "Hacker's Delight", figure 5-2 */
    bits -= bits >> 1 & 0x5555555555555555;
    bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
    return (int)(((bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F) * 0x0101010101010101 >> 56);
}

static void set_counted(struct set *set) {
    for (int64_t word = 0; word <= set->bound / 64; word++) {
        set->before[word] = (int32_t)set->size;
        set->size += count_of(set->bits[word]);
    }
}

static int has(const struct set *set, uint64_t number) { return set->bits[number / 64] >> number % 64 & 1; }

static int64_t place_of(const struct set *set, uint64_t number) {
    return set->before[number / 64] + count_of(set->bits[number / 64] & ((1ull << number % 64) - 1));
}

/* IEEE 754's binary16. */
static float half(uint16_t bits) {
    const uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, rest = bits & 0x3FF;
    if (exponent == 0) { /* next to nothing: so many of the smallest there is */
        const float small = (float)rest * 0x1p-24f;
        return sign ? -small : small;
    }
    const uint32_t wide = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | rest << 13;
    float found;
    memcpy(&found, &wide, sizeof found);
    return found;
}

/* The entries of a list: 0, or OUTSIDE. */
static int64_t entries_of(const int64_t *starts, int64_t n_entries, int64_t list, int64_t *start,
                          int64_t *end) {
    *start = starts[list], *end = starts[list + 1];
    return *start < 0 || *start > *end || *end > n_entries ? OUTSIDE : 0;
}

/* recsvc.core.ranking.voices.walk._led. Rows that have no list lead nowhere. */
int64_t walk_sums(const int64_t *starts, int64_t n_lists, const int32_t *led, const uint16_t *weights,
                  int64_t n_entries, const int64_t *history, const float *loud, int64_t m, double *sums,
                  int64_t n) {
    for (int64_t i = 0, at, end; i < m; i++) {
        if (history[i] < 0) return OUTSIDE;
        if (history[i] >= n_lists || loud[i] == 0.0f) continue;
        if (entries_of(starts, n_entries, history[i], &at, &end)) return OUTSIDE;
        for (; at < end; at++) {
            if (led[at] < 0 || led[at] >= n) return OUTSIDE;
            sums[led[at]] += half(weights[at]) * loud[i];
        }
    }
    return 0;
}

/* recsvc.core.ranking.voices.walk._shares. */
int64_t walk_shares(const int64_t *starts, int64_t n_lists, const int32_t *led, const uint16_t *weights,
                    int64_t n_entries, const int64_t *history, const float *loud, int64_t m,
                    const int64_t *rows, int64_t k, int64_t n, float *added) {
    struct set set;
    int64_t code = set_made(&set, n), *places = malloc((size_t)(k + 1) * sizeof *places);
    if (!places) code = NO_MEMORY;
    for (int64_t place = 0; !code && place < k; place++) {
        if (rows[place] < 0 || rows[place] >= n) code = OUTSIDE;
        else set_add(&set, rows[place]);
    }
    if (!code) {
        set_counted(&set);
        for (int64_t place = 0; place < k; place++) places[place_of(&set, rows[place])] = place;
    }
    for (int64_t i = 0, at, end; !code && i < m; i++) {
        if (history[i] < 0) code = OUTSIDE;
        else if (history[i] < n_lists) code = entries_of(starts, n_entries, history[i], &at, &end);
        if (code || history[i] >= n_lists) continue;
        for (; !code && at < end; at++) {
            if (led[at] < 0 || led[at] >= n) code = OUTSIDE;
            else if (has(&set, led[at]))
                added[places[place_of(&set, led[at])] * m + i] += half(weights[at]) * loud[i];
        }
    }
    free(places);
    set_freed(&set);
    return code;
}

/* Adds the terms of some rows to a set: 0, or OUTSIDE. */
static int64_t terms_added(struct set *set, const struct texts *texts, const int64_t *rows, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        if (rows[i] < 0 || rows[i] >= texts->n) return OUTSIDE;
        const int32_t *terms = texts->terms + rows[i] * texts->width;
        for (int64_t at = 0; at < texts->width; at++) {
            if (terms[at] < 0 || terms[at] >= texts->n_terms) return OUTSIDE;
            set_add(set, terms[at]);
        }
    }
    return 0;
}

/* recsvc.core.ranking.voices.content._sums. */
int64_t text_profile(const struct texts *texts, const int64_t *history, const float *evidence, int64_t m,
                     int64_t *terms, double *sums) {
    struct set set;
    int64_t code = set_made(&set, texts->n_terms);
    for (int64_t i = 0; !code && i < m; i++)
        if (evidence[i] > 0.0f) code = terms_added(&set, texts, history + i, 1);
    if (!code) {
        set_counted(&set);
        for (int64_t word = 0, place = 0; word <= set.bound / 64; word++)
            for (uint64_t left = set.bits[word]; left; left &= left - 1) { /* the lowest bit, then without it */
                sums[place] = 0.0;
                terms[place++] = word * 64 + count_of((left & (~left + 1)) - 1);
            }
        for (int64_t i = 0; i < m; i++) {
            if (!(evidence[i] > 0.0f)) continue;
            const int64_t start = history[i] * texts->width;
            for (int64_t at = start; at < start + texts->width; at++)
                sums[place_of(&set, texts->terms[at])] += texts->weights[at] * evidence[i];
        }
        code = set.size;
    }
    set_freed(&set);
    return code;
}

/* What of a text shares takes: which of k rows say a term, and how much; by term, one list after another. */
struct said {
    struct set set;
    int64_t *starts; /* (set.size + 1,) */
    int32_t *rows;
    float *weights;
    double *sums; /* (set.size,) of the history, then what a unit of it is worth */
};

static void said_freed(struct said *said) {
    set_freed(&said->set);
    free(said->starts), free(said->rows), free(said->weights), free(said->sums);
}

static int64_t said_by(struct said *said, const struct texts *texts, const int64_t *rows, int64_t k) {
    const int64_t width = texts->width;
    memset(said, 0, sizeof *said);
    int64_t code = set_made(&said->set, texts->n_terms);
    if (!code) code = terms_added(&said->set, texts, rows, k);
    if (code) return code;
    set_counted(&said->set);
    const size_t size = (size_t)said->set.size, entries = (size_t)(k * width) + 1;
    said->starts = calloc(size + 2, sizeof *said->starts);
    said->sums = calloc(size + 1, sizeof *said->sums);
    said->rows = malloc(entries * sizeof *said->rows);
    said->weights = malloc(entries * sizeof *said->weights);
    if (!said->starts || !said->sums || !said->rows || !said->weights) return NO_MEMORY;
    /* Counted two places on and summed, each start is where the next entry of its term goes. */
    for (int64_t i = 0; i < k; i++)
        for (int64_t at = 0; at < width; at++)
            said->starts[place_of(&said->set, texts->terms[rows[i] * width + at]) + 2]++;
    for (size_t term = 2; term < size + 2; term++) said->starts[term] += said->starts[term - 1];
    for (int64_t i = 0; i < k; i++)
        for (int64_t at = 0; at < width; at++) {
            const int64_t place = place_of(&said->set, texts->terms[rows[i] * width + at]);
            const int64_t to = said->starts[place + 1]++;
            said->rows[to] = (int32_t)i;
            said->weights[to] = texts->weights[rows[i] * width + at];
        }
    return 0;
}

/* recsvc.core.ranking.voices.content.shares. */
int64_t text_shares(const struct texts *texts, const int64_t *rows, int64_t k, const int64_t *history,
                    const float *evidence, int64_t m, double power, float *added) {
    struct said said;
    double *sums = NULL;
    int64_t code = said_by(&said, texts, rows, k);
    if (!code && !(sums = calloc((size_t)(k + 1), sizeof *sums))) code = NO_MEMORY;
    for (int64_t i = 0; !code && i < m; i++) {
        if (history[i] < 0 || history[i] >= texts->n) code = OUTSIDE;
        const int64_t start = history[i] * texts->width;
        for (int64_t at = start; !code && evidence[i] > 0.0f && at < start + texts->width; at++) {
            const int64_t term = texts->terms[at];
            if (term < 0 || term >= texts->n_terms) code = OUTSIDE;
            else if (has(&said.set, term))
                said.sums[place_of(&said.set, term)] += texts->weights[at] * evidence[i];
        }
    }
    for (int64_t place = 0; !code && place < said.set.size; place++)
        if (said.sums[place] > 0.0) said.sums[place] = pow(fmax(said.sums[place], 1e-12), power - 1.0);
    for (int64_t i = 0; !code && i < m; i++) {
        const int64_t start = history[i] * texts->width;
        for (int64_t row = 0; row < k; row++) sums[row] = 0.0;
        for (int64_t at = start; evidence[i] > 0.0f && at < start + texts->width; at++) {
            const int64_t term = texts->terms[at];
            const float part = texts->weights[at] * evidence[i];
            if (part == 0.0f || !has(&said.set, term)) continue;
            const int64_t place = place_of(&said.set, term);
            const double worth = part * said.sums[place];
            for (int64_t to = said.starts[place]; to < said.starts[place + 1]; to++)
                sums[said.rows[to]] += said.weights[to] * worth;
        }
        for (int64_t row = 0; row < k; row++) added[row * m + i] = (float)sums[row];
    }
    free(sums);
    said_freed(&said);
    return code;
}

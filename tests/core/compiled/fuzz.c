/* Calls every kernel with arrays of any content, each in memory of exactly its size.
 *
 * Built with -fsanitize=address,undefined: whatever reads or writes outside, overflows or shifts too far ends
 * it. Half of the arrays are what they should be, so that there is more to see than refusals. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

static uint64_t state;

static uint64_t any(void) { /* xorshift64*, Vigna 2016 */
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return state * 0x2545F4914F6CDD1D;
}

static int64_t below(int64_t n) { return n > 0 ? (int64_t)(any() % (uint64_t)n) : 0; }

static int is_right; /* whether indices of this round stay within */

static void *room(int64_t n, size_t size) {
    void *found = malloc(n ? (size_t)n * size : 1);
    if (!found) abort();
    return found;
}

static int64_t index_of(int64_t n) {
    if (is_right || below(8)) return below(n);
    const int64_t odd[] = {-1, n, n + 1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, (int64_t)any()};
    return odd[below(8)];
}

static int32_t *indices32(int64_t n, int64_t of) {
    int32_t *found = room(n, sizeof *found);
    for (int64_t i = 0; i < n; i++) found[i] = (int32_t)index_of(of);
    return found;
}

static int64_t *indices64(int64_t n, int64_t of) {
    int64_t *found = room(n, sizeof *found);
    for (int64_t i = 0; i < n; i++) found[i] = index_of(of);
    return found;
}

static float number(void) {
    const float odd[] = {0.0f, -0.0f, 1e38f, -1e38f, 1e-40f, 0.0f / 1.0f, 1.0f / 3.0f, -5.0f};
    return below(4) ? (float)below(1000) / 100.0f - 3.0f : odd[below(8)];
}

static float *numbers(int64_t n) {
    float *found = room(n, sizeof *found);
    for (int64_t i = 0; i < n; i++) {
        found[i] = number();
        if (!is_right && !below(50)) { /* any bits: no number, and endless */
            const uint32_t bits = (uint32_t)any();
            memcpy(&found[i], &bits, sizeof bits);
        }
    }
    return found;
}

static int32_t *starts32(int64_t n, int64_t n_entries) {
    int32_t *found = room(n + 1, sizeof *found);
    for (int64_t i = 0, at = 0; i <= n; i++) {
        found[i] = (int32_t)at;
        at += below(n_entries - at + 1) / (below(4) + 1);
    }
    found[n] = (int32_t)n_entries;
    if (!is_right) found[below(n + 1)] = (int32_t)index_of(n_entries);
    return found;
}

static int64_t done;

static void fuzz_text_scores(void) {
    const int64_t n = below(40), n_terms = below(30), n_entries = n ? below(200) : 0, n_wanted = below(20);
    int32_t *starts = starts32(n_terms, n_entries), *rows = indices32(n_entries, n);
    float *weights = numbers(n_entries), *wanted_weights = numbers(n_wanted), *scores = room(n, sizeof(float));
    int64_t *wanted = indices64(n_terms ? n_wanted : 0, n_terms);
    done += text_scores(starts, n_terms, rows, weights, n_entries, wanted, wanted_weights,
                        n_terms ? n_wanted : 0, scores, n) >= 0;
    free(starts), free(rows), free(weights), free(wanted_weights), free(scores), free(wanted);
}

static void fuzz_sums(void) {
    const int64_t n = 1 + below(40), m = below(9);
    float *scores = numbers(n), *warm = numbers(n);
    int64_t *own = indices64(m, n);
    double everything[5], mine[5];
    done += score_sums(scores, warm, n, own, m, everything, mine) >= 0;
    free(scores), free(warm), free(own);
}

static uint8_t *answers(int64_t n) {
    uint8_t *found = room(n, 1);
    for (int64_t i = 0; i < n; i++) found[i] = (uint8_t)below(2);
    return found;
}

static void fuzz_top(void) {
    const int64_t n = below(60), k = below(70);
    float *scores = numbers(n);
    int64_t *rows = room(k, sizeof *rows);
    done += top_rows(scores, n, k, rows) >= 0;
    free(scores), free(rows);
}

static struct bounds bounds_of(int64_t n) {
    struct bounds found = {.n_lift = below(80), .n_tired = below(5), .n_may_show = below(80), .n_excluded = below(5)};
    found.lift = numbers(found.n_lift);
    found.tired = indices64(found.n_tired, n + 3), found.tired_points = numbers(found.n_tired);
    found.may_show = answers(found.n_may_show);
    found.excluded = indices64(found.n_excluded, n + 3);
    return found;
}

static void bounds_freed(struct bounds bounds) {
    free((void *)bounds.lift), free((void *)bounds.tired), free((void *)bounds.tired_points);
    free((void *)bounds.may_show), free((void *)bounds.excluded);
}

static void fuzz_best(void) {
    const int64_t n = below(60), k = below(70), n_voices = below(4);
    float *common = numbers(n), *warm = numbers(n);
    float *total = room(n, sizeof *total), *scores = room(k, sizeof *scores);
    uint8_t *loudest = room(k, 1);
    int64_t *rows = room(k, sizeof *rows);
    const struct bounds bounds = bounds_of(n);
    struct voice *voices = room(n_voices, sizeof *voices);
    for (int64_t i = 0; i < n_voices; i++) {
        const int kind = (int)below(4);
        voices[i] = (struct voice){
            .points = kind == 0 ? numbers(n) : NULL,
            .scores = kind >= 2 ? numbers(n) : NULL,
            .fade = kind == 3 ? numbers(n) : NULL,
            .slope = number(),
            .base = number(),
            .scale_slope = number(),
            .scale_base = number(),
        };
    }
    done += best_rows(common, warm, n, &bounds, voices, n_voices, total, k, rows, scores, loudest) >= 0;
    for (int64_t i = 0; i < n_voices; i++)
        free((void *)voices[i].points), free((void *)voices[i].scores), free((void *)voices[i].fade);
    free(common), free(warm), free(total), free(scores), free(loudest), free(rows), free(voices);
    bounds_freed(bounds);
}

static int64_t *starts64(int64_t n, int64_t n_entries) {
    int32_t *narrow = starts32(n, n_entries);
    int64_t *found = room(n + 1, sizeof *found);
    for (int64_t i = 0; i <= n; i++) found[i] = narrow[i];
    if (!is_right) found[below(n + 1)] = index_of(n_entries);
    free(narrow);
    return found;
}

static void fuzz_walk(void) {
    const int64_t n = 1 + below(90), n_lists = below(n + 1), n_entries = below(200), m = below(9), k = below(9);
    int64_t *starts = starts64(n_lists, n_entries), *history = indices64(m, n), *rows = indices64(k, n);
    int32_t *led = indices32(n_entries, n);
    uint16_t *weights = room(n_entries, sizeof *weights);
    for (int64_t i = 0; i < n_entries; i++) weights[i] = (uint16_t)any();
    float *loud = numbers(m), *added = room(k * m, sizeof *added);
    double *sums = room(n, sizeof *sums);
    for (int64_t i = 0; i < n; i++) sums[i] = 0;
    for (int64_t i = 0; i < k * m; i++) added[i] = 0;
    done += walk_sums(starts, n_lists, led, weights, n_entries, history, loud, m, sums, n) >= 0;
    done += walk_shares(starts, n_lists, led, weights, n_entries, history, loud, m, rows, k, n, added) >= 0;
    free(starts), free(history), free(rows), free(led), free(weights), free(loud), free(added), free(sums);
}

static void fuzz_texts(void) {
    const int64_t n = 1 + below(20), width = below(6), n_terms = 1 + below(150), m = below(9), k = below(9);
    int32_t *terms = indices32(n * width, n_terms);
    float *weights = numbers(n * width), *evidence = numbers(m), *added = room(k * m, sizeof *added);
    int64_t *history = indices64(m, n), *rows = indices64(k, n);
    const int64_t most = m * width < n_terms ? m * width : n_terms;
    int64_t *wanted = room(most, sizeof *wanted);
    double *sums = room(most, sizeof *sums);
    const struct texts texts = {terms, weights, n, width, n_terms};
    done += text_profile(&texts, history, evidence, m, wanted, sums) >= 0;
    done += text_shares(&texts, rows, k, history, evidence, m, 0.7, added) >= 0;
    free(terms), free(weights), free(evidence), free(added), free(history), free(rows), free(wanted);
    free(sums);
}

static void fuzz_ranked(void) {
    const int64_t n = 1 + below(40), width = below(5), n_terms = 1 + below(60), m = below(9), k = below(50);
    const int64_t n_lists = below(n + 1), n_led = below(80), n_entries = below(120), n_speakers = below(6);
    const int64_t n_texts = is_right ? n : below(n + 1);
    struct texts texts = {indices32(n_texts * width, n_terms), numbers(n_texts * width), n_texts, width, n_terms};
    const int64_t n_base_terms = 1 + below(n_terms);
    struct postings postings = {starts32(n_base_terms, n_entries), indices32(n_entries, n), numbers(n_entries),
                                n_base_terms, n_entries};
    uint16_t *weights = room(n_led, sizeof *weights);
    for (int64_t i = 0; i < n_led; i++) weights[i] = (uint16_t)any();
    struct lists lists = {starts64(n_lists, n_led), indices32(n_led, n), weights, n_lists, n_led};
    const int64_t n_stale = below(5);
    struct postings fresh = {starts32(n_terms, n_entries), indices32(n_entries, n), numbers(n_entries),
                             n_terms, n_entries};
    struct moment moment = {numbers(n), numbers(n), &texts, &postings, below(2) ? &fresh : NULL,
                            indices64(n_stale, n), n_stale, n};
    struct history history = {indices64(m, n), numbers(m), m};
    struct speaker *speakers = room(n_speakers, sizeof *speakers);
    float *loud = numbers(m), *scores = room(k, sizeof *scores);
    int64_t *rows = room(k, sizeof *rows), *places = indices64(k, n);
    uint8_t *loudest = room(k, 1), *visible = answers(m);
    struct cause *why = room(k, sizeof *why);
    const int64_t f = below(5), h = below(m + 1);
    double *gram = room(f * f, sizeof *gram);
    for (int64_t i = 0; i < f * f; i++) gram[i] = number();
    struct taste taste = {numbers(n * f), gram, numbers(f), numbers(f * h), numbers(h), f, h};
    const struct bounds bounds = bounds_of(n);
    for (int64_t i = 0; i < n_speakers; i++)
        speakers[i] = (struct speaker){
            .kind = (int32_t)below(5),
            .is_even = (int32_t)below(2),
            .taken = (int32_t)below(3),
            .weight = number(),
            .power = number(),
            .most = (double)below(n_entries + 1),
            .points = numbers(n),
            .fade = below(2) ? numbers(n) : NULL,
            .scores = numbers(n),
            .lists = &lists,
            .n_lists = below(2),
            .loud = loud,
            .taste = below(2) ? &taste : NULL,
        };
    done += ranked(&moment, &history, speakers, n_speakers, &bounds, k, rows, scores, loudest) >= 0;
    done += causes(&moment, &history, speakers, n_speakers, visible, places, k, why) >= 0;
    for (int64_t i = 0; i < n_speakers; i++)
        free((void *)speakers[i].points), free((void *)speakers[i].fade), free(speakers[i].scores);
    free((void *)texts.terms), free((void *)texts.weights), free((void *)postings.starts);
    free((void *)postings.rows), free((void *)postings.weights), free((void *)lists.starts);
    free((void *)fresh.starts), free((void *)fresh.rows), free((void *)fresh.weights);
    free((void *)moment.stale);
    free((void *)lists.led), free(weights), free((void *)moment.common), free((void *)moment.warm);
    free((void *)history.rows), free((void *)history.evidence), free(speakers), free(loud), free(scores);
    free(rows), free(loudest), free(places), free(visible), free(why), free(gram);
    free((void *)taste.items), free((void *)taste.factors), free((void *)taste.influence);
    free((void *)taste.confidence);
    bounds_freed(bounds);
}

static void fuzz_explored(void) {
    const int64_t n = below(60), n_support = below(60);
    int64_t *rows = indices64(n, 60), *order = room(n, sizeof *order);
    int32_t *support = indices32(n_support, 20);
    uint8_t *is_slot = room(n, 1);
    struct draw draw = {(uint32_t)any(), below(10001), 10000, below(5), below(30), below(20), below(20), 0};
    done += explored(&draw, rows, n, support, n_support, order, is_slot) >= 0;
    free(rows), free(order), free(support), free(is_slot);
}

int main(int count, char **arguments) {
    const int64_t rounds = count > 1 ? atoll(arguments[1]) : 1000;
    state = count > 2 ? strtoull(arguments[2], 0, 10) | 1 : 1;
    for (int64_t round = 0; round < rounds; round++) {
        is_right = round & 1;
        fuzz_text_scores();
        fuzz_sums();
        fuzz_top();
        fuzz_best();
        fuzz_walk();
        fuzz_texts();
        fuzz_ranked();
        fuzz_explored();
    }
    printf("%lld\n", (long long)done);
    return 0;
}

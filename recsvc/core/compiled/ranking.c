/* A reader's ranking in one call: what each voice says, made comparable, added up, and the best of it.
 *
 * `Blend.rank` does the same with numpy, voice by voice. What does not depend on the reader - where lists and
 * texts stand, what common voices say, how loud each may be - is put together once (`struct moment`, the
 * speakers' templates), so that nothing of Python stands between one kernel and the next. A voice that has
 * no form here brings its scores along (SAID).
 */

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

/* recsvc.core.ranking.voices.walk.similar; of next, squared; of linear, `led`. */
static int64_t led(const struct moment *moment, const struct history *history, struct speaker *voice) {
    const int64_t n = moment->n;
    double *sums = calloc((size_t)(n + 1), sizeof *sums);
    int64_t code = sums ? 0 : NO_MEMORY;
    for (int64_t i = 0; !code && i < voice->n_lists; i++) {
        const struct lists *lists = &voice->lists[i];
        code = walk_sums(lists->starts, lists->n, lists->led, lists->weights, lists->n_entries,
                         history->rows, voice->loud, history->m, sums, n);
    }
    for (int64_t row = 0; !code && row < n; row++) voice->scores[row] = (float)sums[row];
    if (voice->taken != SUM)
        for (int64_t row = 0; !code && row < n; row++) voice->scores[row] = sqrtf(voice->scores[row]);
    if (voice->taken == SQUARED)
        for (int64_t row = 0; !code && row < n; row++) voice->scores[row] *= voice->scores[row];
    free(sums);
    return code;
}

/* All texts by their terms instead of by postings: `model.matrix @ wanted`. */
static int64_t texts_read(const struct texts *texts, const int64_t *terms, const float *weights,
                          int64_t n_wanted, float *scores, int64_t n) {
    float *wanted = calloc((size_t)texts->n_terms + 1, sizeof *wanted);
    int64_t code = !wanted ? NO_MEMORY : texts->n < n ? OUTSIDE : 0;
    for (int64_t i = 0; !code && i < n_wanted; i++) wanted[terms[i]] = weights[i];
    for (int64_t row = 0; !code && row < n; row++) {
        float sum = 0.0f;
        for (int64_t at = row * texts->width; at < (row + 1) * texts->width; at++) {
            if (texts->terms[at] < 0 || texts->terms[at] >= texts->n_terms) code = OUTSIDE;
            else sum += texts->weights[at] * wanted[texts->terms[at]];
        }
        scores[row] = sum;
    }
    free(wanted);
    return code;
}

/* How many of some ascending terms there are lists of: the others came later. */
static int64_t n_listed(const struct postings *postings, const int64_t *terms, int64_t n) {
    while (n > 0 && terms[n - 1] >= postings->n_terms) n--;
    return n;
}

static int64_t n_saying(const struct postings *postings, const int64_t *terms, int64_t n) {
    int64_t entries = 0;
    for (int64_t i = 0; i < n_listed(postings, terms, n); i++)
        entries += (int64_t)postings->starts[terms[i] + 1] - postings->starts[terms[i]];
    return entries;
}

/* recsvc.core.text.postings: Postings.scores. */
static int64_t posted(const struct moment *moment, const int64_t *terms, const float *weights,
                      int64_t n_wanted, float *scores) {
    const struct postings *base = moment->postings, *fresh = moment->fresh;
    const int64_t n = moment->n;
    const int64_t code =
        text_scores(base->starts, base->n_terms, base->rows, base->weights, base->n_entries, terms, weights,
                    n_listed(base, terms, n_wanted), scores, n);
    if (code || !fresh) return code;
    for (int64_t i = 0; i < moment->n_stale; i++) {
        if (moment->stale[i] < 0 || moment->stale[i] >= n) return OUTSIDE;
        scores[moment->stale[i]] = 0.0f;
    }
    return text_added(fresh->starts, fresh->n_terms, fresh->rows, fresh->weights, fresh->n_entries, terms,
                      weights, n_listed(fresh, terms, n_wanted), scores, n);
}

/* recsvc.core.ranking.voices.content: the profile, and what texts say of it. */
static int64_t alike(const struct moment *moment, const struct history *history, struct speaker *voice) {
    const struct texts *texts = moment->texts;
    const int64_t most = history->m * texts->width < texts->n_terms ? history->m * texts->width : texts->n_terms;
    int64_t *terms = malloc((size_t)(most + 1) * sizeof *terms), n_wanted = NO_MEMORY, n_entries = 0;
    double *sums = malloc((size_t)(most + 1) * sizeof *sums);
    float *weights = malloc((size_t)(most + 1) * sizeof *weights);
    if (terms && sums && weights)
        n_wanted = text_profile(texts, history->rows, history->evidence, history->m, terms, sums);
    int64_t code = n_wanted < 0 ? n_wanted : 0;
    for (int64_t i = 0; !code && i < n_wanted; i++) weights[i] = (float)pow(sums[i], voice->power);
    if (!code) n_entries = n_saying(moment->postings, terms, n_wanted);
    if (!code && moment->fresh) n_entries += n_saying(moment->fresh, terms, n_wanted);
    if (!code && (double)n_entries > voice->most)
        code = texts_read(texts, terms, weights, n_wanted, voice->scores, moment->n);
    else if (!code)
        code = posted(moment, terms, weights, n_wanted, voice->scores);
    free(terms), free(sums), free(weights);
    return code;
}

/* recsvc.core.ranking.standardizing.standard. */

#define PRIOR_ROWS 50
#define FLAT 1e-12

static struct group group_of(double size, double total, double squares, const double prior[2], double weight) {
    const double mean = (total + prior[0]) / (size + PRIOR_ROWS);
    const double square = (squares + prior[1]) / (size + PRIOR_ROWS);
    const double around = square - mean * mean;
    const double spread = around > FLAT * (square > 1.0 ? square : 1.0) ? around : square;
    return (struct group){mean, spread > FLAT ? weight / sqrt(spread) : 0.0};
}

static int64_t standardized(const struct moment *moment, const struct history *history,
                            struct speaker *voice) {
    double all[5], own[5];
    const int64_t code =
        score_sums(voice->scores, moment->warm, moment->n, history->rows, history->m, all, own);
    if (code) return code;
    /* One score that is no number, or whose square is none, makes this sum such. */
    voice->is_silent = !(all[2] <= FLT_MAX);
    if (voice->is_silent) return 0;
    for (int i = 0; i < 5; i++) all[i] -= own[i];
    const double n = (double)(moment->n - history->m), n_warm = all[0];
    const double prior[2] = {PRIOR_ROWS * all[1] / fmax(n, 1), PRIOR_ROWS * all[2] / fmax(n, 1)};
    voice->cold = group_of(n - n_warm, all[1] - all[3], all[2] - all[4], prior, voice->weight);
    voice->hot = group_of(n_warm, all[3], all[4], prior, voice->weight);
    if (voice->is_even)
        voice->cold.scale = voice->hot.scale = group_of(n, all[1], all[2], prior, voice->weight).scale;
    return 0;
}

/* What a voice says, as `best_rows` adds it up; silent: nothing. */
static struct voice said(const struct speaker *voice) {
    if (voice->kind == COMMON) return (struct voice){.points = voice->points};
    if (voice->is_silent) return (struct voice){0};
    const double cold = voice->cold.mean * voice->cold.scale, hot = voice->hot.mean * voice->hot.scale;
    return (struct voice){NULL,
                          voice->scores,
                          voice->fade,
                          (float)(cold - hot),
                          (float)cold,
                          (float)(voice->hot.scale - voice->cold.scale),
                          (float)voice->cold.scale};
}

static int64_t heard(const struct moment *moment, const struct history *history, struct speaker *voice) {
    int64_t code = 0;
    voice->is_silent = voice->kind == SILENT || voice->weight == 0.0;
    if (voice->kind == COMMON || voice->is_silent) return 0;
    if (voice->kind == LED) code = led(moment, history, voice);
    if (voice->kind == READ) code = alike(moment, history, voice);
    return code ? code : standardized(moment, history, voice);
}

/* recsvc.core.ranking.blend.Blend.rank. */
int64_t ranked(const struct moment *moment, const struct history *history, struct speaker *speakers,
               int64_t n_speakers, const struct bounds *bounds, int64_t k, int64_t *rows, float *scores,
               uint8_t *loudest) {
    struct voice *voices = malloc((size_t)(n_speakers + 1) * sizeof *voices);
    float *total = malloc((size_t)(moment->n + 1) * sizeof *total);
    int64_t code = voices && total ? 0 : NO_MEMORY;
    for (int64_t i = 0; !code && i < n_speakers; i++) {
        code = heard(moment, history, &speakers[i]);
        if (!code) voices[i] = said(&speakers[i]);
    }
    if (!code)
        code = best_rows(moment->common, moment->warm, moment->n, bounds, voices, n_speakers, total, k, rows,
                         scores, loudest);
    free(voices), free(total);
    return code;
}

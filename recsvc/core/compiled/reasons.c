/* Why rows stand where they stand, in one call: `recsvc.core.ranking.reasons` does the same with numpy.
 *
 * Of each voice that answered the reader, and of each row, what each interaction adds to the points (its
 * share), and what they would lose without it (its cost). What the speakers hold is what `ranked` wrote there.
 */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

/* What is asked for: of k rows and m interactions, (k, m) each. */
struct asked {
    const int64_t *rows;
    int64_t k, m;
    float *shares, *costs; /* of one voice */
};

static double sum_of(const float *numbers, int64_t n) {
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) sum += numbers[i];
    return sum;
}

/* recsvc.core.ranking.voices.walk: Walked.shares and costs; of next, Followed's; of linear,
 * Foretold's. */
static int64_t led_by(const struct moment *moment, const struct history *history,
                      const struct speaker *voice, const struct asked *asked) {
    const int64_t k = asked->k, m = asked->m;
    memset(asked->shares, 0, (size_t)(k * m) * sizeof *asked->shares);
    for (int64_t i = 0; i < voice->n_lists; i++) {
        const struct lists *lists = &voice->lists[i];
        const int64_t code =
            walk_shares(lists->starts, lists->n, lists->led, lists->weights, lists->n_entries,
                        history->rows, voice->loud, m, asked->rows, k, moment->n, asked->shares);
        if (code) return code;
    }
    for (int64_t row = 0; row < k; row++) {
        float *shares = asked->shares + row * m, *costs = asked->costs + row * m;
        if (voice->taken == SUM) {
            memcpy(costs, shares, (size_t)m * sizeof *costs);
            continue;
        }
        const float under = (float)sqrt(fmax(sum_of(shares, m), 1e-12));
        for (int64_t i = 0; i < m; i++) shares[i] /= under;
        const float root = (float)sum_of(shares, m);
        if (voice->taken == SQUARED)
            for (int64_t i = 0; i < m; i++) costs[i] = shares[i] *= root;
        else
            for (int64_t i = 0; i < m; i++) costs[i] = root - sqrtf(fmaxf(root * (root - shares[i]), 0.0f));
    }
    return 0;
}

/* recsvc.core.model.factors.lost_without, of one interaction with the item's factors y. */
static float lost_without(const struct taste *taste, const float *y, int64_t i) {
    const double liked = fmax(taste->confidence[i], 1.0), extra = (liked - 1) / liked;
    double own = 0.0, all = 0.0;
    if (!(taste->confidence[i] > 0.0f)) return 1.0f;
    for (int64_t at = 0; at < taste->f; at++) {
        own += y[at] * taste->influence[at * taste->n_heard + i];
        all += y[at] * taste->factors[at];
    }
    return (float)(1 - extra * (all - own) / fmax(1 - extra * own, 1e-7));
}

/* What every row loses without each interaction, of a unit of its score: the spread is narrowed. */
static int64_t narrowed(const struct taste *taste, const struct history *history, int64_t n, float *lost,
                        float *narrower) {
    const int64_t f = taste->f, h = taste->n_heard;
    double *pulled = malloc((size_t)(f + 1) * sizeof *pulled), spread = 0.0;
    if (!pulled) return NO_MEMORY;
    for (int64_t at = 0; at < f; at++) {
        pulled[at] = 0.0;
        for (int64_t with = 0; with < f; with++)
            pulled[at] += taste->gram[at * f + with] * taste->factors[with];
        spread += taste->factors[at] * pulled[at];
    }
    int64_t code = 0;
    for (int64_t i = 0; !code && i < h; i++) {
        const int64_t row = history->rows[history->m - h + i];
        double along = 0.0;
        if (row < 0 || row >= n) {
            code = OUTSIDE;
            continue;
        }
        for (int64_t at = 0; at < f; at++) along += pulled[at] * taste->influence[at * h + i];
        lost[i] = lost_without(taste, taste->items + row * f, i);
        narrower[i] = (float)(along * lost[i] / fmax(spread, 1e-12));
    }
    free(pulled);
    return code;
}

/* recsvc.core.ranking.voices.personal: Taste.shares and costs. */
static int64_t tasted(const struct moment *moment, const struct history *history,
                      const struct speaker *voice, const struct asked *asked) {
    const struct taste *taste = voice->taste;
    const int64_t m = asked->m, h = taste->n_heard, unheard = m - h;
    if (h > m) return OUTSIDE;
    float *lost = malloc((size_t)(2 * h + 1) * sizeof *lost), *narrower = lost + h;
    int64_t code = lost ? narrowed(taste, history, moment->n, lost, narrower) : NO_MEMORY;
    for (int64_t row = 0; !code && row < asked->k; row++) {
        float *shares = asked->shares + row * m, *costs = asked->costs + row * m;
        if (asked->rows[row] < 0 || asked->rows[row] >= moment->n) {
            code = OUTSIDE;
            continue;
        }
        const float *y = taste->items + asked->rows[row] * taste->f, score = voice->scores[asked->rows[row]];
        for (int64_t i = 0; i < m; i++) shares[i] = 0.0f;
        for (int64_t at = 0; at < taste->f; at++)
            for (int64_t i = 0; i < h; i++) shares[unheard + i] += y[at] * taste->influence[at * h + i];
        for (int64_t i = 0; i < unheard; i++) costs[i] = shares[i];
        for (int64_t i = 0; i < h; i++)
            costs[unheard + i] = shares[unheard + i] * lost[i] - score * narrower[i];
    }
    free(lost);
    return code;
}

/* recsvc.core.ranking.voices.content: Alike.shares, which are its costs, too. */
static int64_t alike_by(const struct moment *moment, const struct history *history,
                        const struct speaker *voice, const struct asked *asked) {
    const int64_t code = text_shares(moment->texts, asked->rows, asked->k, history->rows, history->evidence,
                                     asked->m, voice->power, asked->shares);
    memcpy(asked->costs, asked->shares, (size_t)(asked->k * asked->m) * sizeof *asked->costs);
    return code;
}

/* Adds one voice's shares and costs, as points, to all; a row whose voice said more than any before has it. */
static void added(const struct moment *moment, const struct speaker *voice, int64_t speaker,
                  const struct asked *asked, float *points, float *costs, struct cause *found) {
    const float slope = (float)(voice->hot.scale - voice->cold.scale), base = (float)voice->cold.scale;
    for (int64_t row = 0; row < asked->k; row++) {
        const int64_t start = row * asked->m;
        float scale = moment->warm[asked->rows[row]] * slope + base;
        double said = 0.0;
        if (voice->fade) scale *= voice->fade[asked->rows[row]];
        for (int64_t at = start; at < start + asked->m; at++) {
            const float share = asked->shares[at] * scale;
            points[at] += share, costs[at] += asked->costs[at] * scale;
            said += share > 0.0f ? share : 0.0f;
        }
        if (found[row].answered < 0 || said > found[row].answered_most)
            found[row].answered = speaker, found[row].answered_most = said;
    }
}

/* Of one row: the interaction without which it would lose most, and all that they add. */
static void strongest_of(const float *points, const float *costs, const uint8_t *visible, int64_t m,
                         struct cause *found) {
    float most = -INFINITY;
    found->history = 0, found->strongest = 0.0, found->total = 0.0;
    for (int64_t i = 0; i < m; i++) {
        if (!(points[i] > 0.0f)) continue;
        found->total += points[i];
        if (visible[i] && costs[i] > most) most = costs[i], found->history = i, found->strongest = points[i];
    }
}

/* Of one row: what speaks for itself, the loudest and all of it. */
static void spoken_of(const struct speaker *speakers, int64_t n_speakers, int64_t row, struct cause *found) {
    found->voice = -1, found->said = 0.0, found->spoken = 0.0;
    for (int64_t i = 0; i < n_speakers; i++) {
        if (speakers[i].kind != COMMON) continue;
        const double points = speakers[i].points[row] > 0.0f ? speakers[i].points[row] : 0.0;
        if (found->voice < 0 || points > found->said) found->voice = i, found->said = points;
        found->spoken += points;
    }
}

/* recsvc.core.ranking.reasons._strongest. */
int64_t causes(const struct moment *moment, const struct history *history, const struct speaker *speakers,
               int64_t n_speakers, const uint8_t *visible, const int64_t *rows, int64_t k,
               struct cause *found) {
    const int64_t m = history->m;
    const size_t size = (size_t)(k * m);
    float *room = calloc(4 * size + 1, sizeof *room), *points = room, *costs = room + size;
    const struct asked asked = {rows, k, m, room + 2 * size, room + 3 * size};
    int64_t code = room ? 0 : NO_MEMORY;
    for (int64_t row = 0; !code && row < k; row++) {
        found[row].answered = -1, found[row].answered_most = 0.0;
        if (rows[row] < 0 || rows[row] >= moment->n) code = OUTSIDE;
    }
    for (int64_t i = 0; !code && i < n_speakers; i++) {
        const struct speaker *voice = &speakers[i];
        if (voice->is_silent || voice->kind == SILENT || voice->kind == COMMON) continue;
        if (voice->kind == LED) code = led_by(moment, history, voice, &asked);
        else if (voice->kind == READ) code = alike_by(moment, history, voice, &asked);
        else if (voice->taste) code = tasted(moment, history, voice, &asked);
        else continue;
        if (!code) added(moment, voice, i, &asked, points, costs, found);
    }
    for (int64_t row = 0; !code && row < k; row++) {
        strongest_of(points + row * m, costs + row * m, visible, m, &found[row]);
        spoken_of(speakers, n_speakers, rows[row], &found[row]);
    }
    free(room);
    return code;
}

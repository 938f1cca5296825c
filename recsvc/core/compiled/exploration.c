/* Which places of a list are explored, and by what: `recsvc.core.ranking.exploration` says why. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "kernels.h"

/* recsvc.core.ranking.exploration.chance_of: of one place, in [0, 1). */
static double chance(uint64_t seed, uint64_t place) {
    uint64_t x = (place + (seed << 31)) * 0x9E3779B97F4A7C15;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return (double)((x ^ x >> 31) >> 11) * 0x1p-53;
}

/* The places that may be drawn: the first behind the page whose rows have few readers. */
static int64_t pooled(const struct draw *draw, const int64_t *rows, int64_t n, const int32_t *support,
                      int64_t n_support, int64_t *pool) {
    int64_t size = 0;
    for (int64_t place = draw->page; place < n && size < draw->most; place++) {
        if (rows[place] < 0) return OUTSIDE;
        if (rows[place] >= n_support || support[rows[place]] < draw->few) pool[size++] = place;
    }
    return size;
}

/* Puts the pool into the order in which it is drawn. */
static void shuffled(uint32_t seed, int64_t *pool, double *chances, int64_t size) {
    for (int64_t at = 0; at < size; at++) {
        const int64_t place = pool[at];
        const double mine = chance(~seed, (uint64_t)at);
        int64_t to = at;
        for (; to > 0 && chances[to - 1] > mine; to--) pool[to] = pool[to - 1], chances[to] = chances[to - 1];
        pool[to] = place, chances[to] = mine;
    }
}

/* recsvc.core.ranking.exploration.explored. */
int64_t explored(struct draw *draw, const int64_t *rows, int64_t n, const int32_t *support,
                 int64_t n_support, int64_t *order, uint8_t *is_slot) {
    if (draw->page < 0 || draw->first < 0 || draw->most < 0) return OUTSIDE;
    int64_t *pool = malloc((size_t)(draw->most + 1) * sizeof *pool), slots = 0, next = 0;
    double *chances = malloc((size_t)(draw->most + 1) * sizeof *chances);
    uint8_t *is_drawn = calloc((size_t)(n + 1), 1);
    int64_t code = pool && chances && is_drawn ? 0 : NO_MEMORY;
    if (!code) code = draw->pool = pooled(draw, rows, n, support, n_support, pool);
    for (int64_t place = 0; code > 0 && place < n; place++) {
        is_slot[place] = place >= draw->first && slots < draw->pool
                         && chance(draw->seed, (uint64_t)place) * draw->unit < draw->share;
        slots += is_slot[place];
    }
    if (code > 0 && slots) {
        shuffled(draw->seed, pool, chances, draw->pool);
        for (int64_t slot = 0; slot < slots; slot++) is_drawn[pool[slot]] = 1;
        for (int64_t place = 0, slot = 0; place < n; place++) {
            while (!is_slot[place] && is_drawn[next]) next++;
            order[place] = is_slot[place] ? pool[slot++] : next++;
        }
    }
    free(pool), free(chances), free(is_drawn);
    return code < 0 ? code : slots;
}

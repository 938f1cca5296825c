/* What Python may call. cffi reads this file as it stands: declarations, and nothing else.
 *
 * Every function returns at least 0, or one of the negatives below having written nothing that counts. */

#define OUTSIDE -1   /* an index points out of its array: IndexError */
#define NO_MEMORY -2 /* MemoryError */
#define NOT_FINITE -3

/* Of the source that this was built from; 0 where nobody said. */
uint32_t kernels_stamp(void);

/* Adds up how much each text says of what is wanted, by the texts' postings. */
int64_t text_scores(const int32_t *starts, int64_t n_terms, const int32_t *rows, const float *weights,
                    int64_t n_entries, const int64_t *wanted, const float *wanted_weights,
                    int64_t n_wanted, float *scores, int64_t n);

/* Sums what standardising needs: `warm`, scores, squares, then both of the warm rows; once of everything, and
 * once of a reader's own rows. */
int64_t score_sums(const float *scores, const float *warm, int64_t n, const int64_t *own, int64_t m,
                   double everything[5], double mine[5]);

/* What one voice says. Common ones have points; of readers' the scores become points by
 *     (warm * slope - base + score * (warm * scale_slope + scale_base)) * fade */
struct voice {
    const float *points; /* (n,); NULL unless it says the same to everybody */
    const float *scores; /* (n,); NULL unless it answers a reader */
    const float *fade;   /* (n,); NULL: 1 */
    float slope, base, scale_slope, scale_base;
};

/* Adds up what the voices say, and finds the best rows that may be shown: returns how many of `k`. */
int64_t best_rows(const float *common, const float *lift, int64_t n_lift, const float *warm,
                  const uint8_t *may_show, int64_t n_may_show, int64_t n, const struct voice *voices,
                  int64_t n_voices, const int64_t *excluded, int64_t n_excluded, float *total, int64_t k,
                  int64_t *rows, float *scores, uint8_t *loudest);

/* Finds the rows of the highest finite scores: returns how many of `k`. */
int64_t top_rows(const float *scores, int64_t n, int64_t k, int64_t *rows);

/* Adds to `sums` where the rows of a history lead to, each as loud as it is. `weights` are float16, starts
 * have one more than there are lists. */
int64_t walk_sums(const int64_t *starts, int64_t n_lists, const int32_t *led, const uint16_t *weights,
                  int64_t n_entries, const int64_t *history, const float *loud, int64_t m, double *sums,
                  int64_t n);

/* Adds to (k, m) `added` how much each row of a history leads to each of k rows below n. */
int64_t walk_shares(const int64_t *starts, int64_t n_lists, const int32_t *led, const uint16_t *weights,
                    int64_t n_entries, const int64_t *history, const float *loud, int64_t m,
                    const int64_t *rows, int64_t k, int64_t n, float *added);

/* Texts: (n, width) terms below n_terms, and their weights. */
struct texts {
    const int32_t *terms;
    const float *weights;
    int64_t n, width, n_terms;
};

/* Sums the terms of the liked rows of a history: returns how many of m * width there are, ascending. */
int64_t text_profile(const struct texts *texts, const int64_t *history, const float *evidence, int64_t m,
                     int64_t *terms, double *sums);

/* Says in (k, m) `added` how much each row of a history adds to each of k rows, terms to a power. */
int64_t text_shares(const struct texts *texts, const int64_t *rows, int64_t k, const int64_t *history,
                    const float *evidence, int64_t m, double power, float *added);

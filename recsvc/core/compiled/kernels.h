/* What Python may call. cffi reads this file as it stands: declarations, and nothing else.
 *
 * Every function returns at least 0, or one of the negatives below having written nothing that counts. */

#define OUTSIDE -1   /* an index points out of its array: IndexError */
#define NO_MEMORY -2 /* MemoryError */

/* Of the source that this was built from; 0 where nobody said. */
uint32_t kernels_stamp(void);

/* Adds up how much each text says of what is wanted, by the texts' postings. */
int64_t text_scores(const int32_t *starts, int64_t n_terms, const int32_t *rows, const float *weights,
                    int64_t n_entries, const int64_t *wanted, const float *wanted_weights,
                    int64_t n_wanted, float *scores, int64_t n);

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

/* The same, added to what `scores` hold. */
int64_t text_added(const int32_t *starts, int64_t n_terms, const int32_t *rows, const float *weights,
                   int64_t n_entries, const int64_t *wanted, const float *wanted_weights, int64_t n_wanted,
                   float *scores, int64_t n);

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

/* What of a ranking is not the voices'. Rows of any array may lie beyond those ranked. */
struct bounds {
    const float *lift;         /* added to rows */
    const int64_t *tired;      /* rows that step back, */
    const float *tired_points; /* each by so many points */
    const uint8_t *may_show;   /* by row; those beyond may not */
    const int64_t *excluded;   /* rows */
    int64_t n_lift, n_tired, n_may_show, n_excluded;
};

/* Adds up what the voices say, and finds the best rows that may be shown: returns how many of `k`. */
int64_t best_rows(const float *common, const float *warm, int64_t n, const struct bounds *bounds,
                  const struct voice *voices, int64_t n_voices, float *total, int64_t k, int64_t *rows,
                  float *scores, uint8_t *loudest);

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

/* Where items lead to: as `walk_sums` takes it. */
struct lists {
    const int64_t *starts;
    const int32_t *led;
    const uint16_t *weights;
    int64_t n, n_entries;
};

/* Texts by their terms: as `text_scores` takes it. */
struct postings {
    const int32_t *starts, *rows;
    const float *weights;
    int64_t n_terms, n_entries;
};

/* What there is, whoever asks. */
struct moment {
    const float *common; /* (n,) what all common voices say */
    const float *warm;   /* (n,) 1 for rows with interactions, else 0 */
    const struct texts *texts;
    const struct postings *postings;
    const struct postings *fresh; /* of rows that came or changed since, of all terms; NULL: there are none */
    const int64_t *stale;         /* (n_stale,) rows whose texts changed since the former */
    int64_t n_stale, n;
};

/* What a reader did: m rows, and never 0 of each. */
struct history {
    const int64_t *rows;
    const float *evidence;
    int64_t m;
};

/* How the scores of a group of rows become points: (score - mean) * scale. */
struct group {
    double mean, scale;
};

/* A reader folded into factors: of the latest n_heard interactions. */
struct taste {
    const float *items;      /* (n, f) */
    const double *gram;      /* (f, f) */
    const float *factors;    /* (f,) the reader's */
    const float *influence;  /* (f, n_heard) how each interaction made them */
    const float *confidence; /* (n_heard,) */
    int64_t f, n_heard;
};

#define SILENT 0 /* says nothing */
#define COMMON 1 /* says points */
#define SAID 2   /* has its scores already */
#define LED 3    /* where the history leads to */
#define READ 4   /* what reads like it */

#define ROOT 0    /* its square root */
#define SQUARED 1 /* that squared again */
#define SUM 2     /* as it is */

/* A voice, and how it is heard by one reader. */
struct speaker {
    int32_t kind, is_even;
    int32_t taken; /* of a LED one: how what leads somewhere becomes a score */
    int32_t is_silent; /* found out: that it says nothing, or nothing in numbers */
    double weight;     /* points of one standard deviation */
    double power;      /* of a READ one: what the terms of a history are taken to, */
    double most;       /* and postings: who looks for more reads all texts at once */
    const float *points; /* (n,) of a COMMON one */
    const float *fade;   /* (n,); NULL: 1 */
    float *scores;       /* (n,) of all others; found out, unless they were SAID */
    const struct lists *lists; /* of a LED one */
    int64_t n_lists;
    const float *loud; /* (m,) of a LED one: how loud each of the history leads on */
    const struct taste *taste; /* where the scores SAID come from, if it is one */
    struct group cold, hot; /* found out: of the rows without and with interactions */
};

/* Ranks for a reader: returns how many of `k` rows. */
int64_t ranked(const struct moment *moment, const struct history *history, struct speaker *speakers,
               int64_t n_speakers, const struct bounds *bounds, int64_t k, int64_t *rows, float *scores,
               uint8_t *loudest);

/* What speaks for a row. */
struct cause {
    int64_t history;          /* the interaction without which most would be lost, of those that are visible */
    double strongest, total;  /* points that it adds, and that all of them add */
    int64_t voice;            /* the loudest common speaker; -1: there is none */
    double said, spoken;      /* points of it, and of all of them */
    int64_t answered;         /* the speaker whose answer says most; -1: none answered */
    double answered_most;     /* points of that */
};

/* Finds what speaks for each of k rows, given what `ranked` wrote of the speakers. Those that SAID scores of
 * unknown origin count for nothing. */
int64_t causes(const struct moment *moment, const struct history *history, const struct speaker *speakers,
               int64_t n_speakers, const uint8_t *visible, const int64_t *rows, int64_t k,
               struct cause *found);

/* How places of a list are explored. */
struct draw {
    uint32_t seed;
    int64_t share, unit;        /* a place is explored with a chance of share / unit, */
    int64_t first;              /* from this one on, */
    int64_t page, few, most;    /* by one of most behind the page that have fewer than few readers */
    int64_t pool;               /* found out: how many there are */
};

/* Draws what explored places of a list show: returns how many there are. Where there are any, place i shows
 * what stood at order[i], and is_slot[i] says whether it is explored. */
int64_t explored(struct draw *draw, const int64_t *rows, int64_t n, const int32_t *support,
                 int64_t n_support, int64_t *order, uint8_t *is_slot);

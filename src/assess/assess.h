/*
 * assess/assess.h - assessments of companies in the records: who answered what, when, and why it
 * was changed.
 *
 * Purpose   A company answers a questionnaire; its text is kept as it was answered. Every answer is
 *           kept with where it is from; the latest of a question and side counts. The company's own
 *           and the interviewer's answer stand side by side.
 * Owns      Its records tables. Texts handed out live in the arena passed.
 * Threads   As the transaction.
 * Trust     Answers come from people, links and files: ids are held against the questionnaire,
 *           texts are bounded and valid UTF-8 here, escaped by who shows them. Whose company it is,
 *           the scope of the transaction says, nothing else.
 *
 *   open <--> submitted <--> interview <--> signed
 *     `-----------`-------------'--> closed
 */
#ifndef MM_ASSESS_ASSESS_H
#define MM_ASSESS_ASSESS_H

#include "assess/score.h"
#include "store/records/query.h"

enum mm_assess_state {
    MM_ASSESS_OPEN,      /* the company answers */
    MM_ASSESS_SUBMITTED, /* handed in: the company's own answers stand still */
    MM_ASSESS_INTERVIEW, /* the interviewer asks; both may answer */
    MM_ASSESS_SIGNED,    /* agreed: nothing changes */
    MM_ASSESS_CLOSED,    /* given up, or its time has passed */
    MM_ASSESS_STATES
};

enum mm_assess_side { MM_SIDE_SELF, MM_SIDE_INTERVIEWER, MM_SIDES };

/* Where an answer is from. */
enum mm_assess_origin {
    MM_ORIGIN_SELF,
    MM_ORIGIN_INTERVIEWER,
    MM_ORIGIN_CARRIED,  /* from the assessment before */
    MM_ORIGIN_IMPORTED, /* from a file */
    MM_ORIGIN_PROPOSED, /* from another questionnaire or a measurement */
    MM_ORIGINS
};

enum {
    MM_ASSESS_BODY_MAX = 4000,
    MM_ASSESS_COMMENT_MAX = 2000,
    MM_ASSESS_REASON_MAX = 500,
    MM_ASSESS_NAME_MAX = 200,
    MM_ASSESS_LIST_MAX = 500,
    MM_ASSESS_HISTORY_MAX = 200, /* answers of one question that are told of */
    MM_ASSESS_PEERS_MAX = 1000,  /* companies handed out at a time */
};

const char *mm_assess_state_name(enum mm_assess_state state);
const char *mm_assess_side_name(enum mm_assess_side side);
const char *mm_assess_origin_name(enum mm_assess_origin origin);
MM_MUST_USE bool mm_assess_state_find(struct mm_slice name, enum mm_assess_state *ret);
MM_MUST_USE bool mm_assess_origin_find(struct mm_slice name, enum mm_assess_origin *ret);

/* ---- the text of questionnaires ---- */

/*
 * Keep this text (valid: *q was read from it) unless it is kept already; *ret is its number. Any
 * scope that may write.
 */
MM_MUST_USE enum mm_code mm_assess_text_keep(struct mm_tx *tx, const struct mm_quest *q,
                                             struct mm_slice yaml, int64_t now_us, int64_t *ret);
/* A kept text, read; free it. MM_E_NOTFOUND; MM_E_VERSION when this program refuses it. */
MM_MUST_USE enum mm_code mm_assess_text_read(struct mm_tx *tx, int64_t questionnaire,
                                             struct mm_quest **ret);

/* ---- assessments ---- */

struct mm_assessment {
    int64_t assessment;
    uint32_t company;
    int64_t questionnaire; /* its text */
    struct mm_slice name;
    uint32_t version;
    enum mm_assess_state state;
    int64_t due_us;  /* this and the times below: 0 not set */
    int64_t follows; /* 0: none */
    int64_t opened_us, submitted_us, signed_us, closed_us;
    uint32_t opened_by, signed_by; /* users; 0: the command line, nobody */
};

struct mm_assess_new {
    int64_t questionnaire; /* of mm_assess_text_keep; q was read from it */
    const struct mm_quest *q;
    int64_t due_us;
    uint32_t by;
    int64_t follows; /* 0: none. Its answers are carried over, provisional */
};

/*
 * Open an assessment in the company that tx is narrowed to. What `follows` has answered under the
 * same id, or one of `was`, with the same levels, is taken over as carried and provisional, the
 * interviewer's word before the company's. MM_E_NOTFOUND: no such assessment to follow.
 */
MM_MUST_USE enum mm_code mm_assess_open(struct mm_tx *tx, const struct mm_assess_new *n,
                                        int64_t now_us, int64_t *ret);
MM_MUST_USE enum mm_code mm_assess_get(struct mm_tx *tx, int64_t assessment, struct mm_arena *a,
                                       struct mm_assessment *ret);
struct mm_assess_which {
    struct mm_slice name; /* empty: of every questionnaire */
    bool closed_too;
    int64_t before; /* numbers below this; 0: all */
    size_t max;     /* 1..MM_ASSESS_LIST_MAX */
};
/* Newest first. */
MM_MUST_USE enum mm_code mm_assess_list(struct mm_tx *tx, const struct mm_assess_which *w,
                                        struct mm_arena *a, struct mm_assessment **ret,
                                        size_t *ret_n);
/* The state goes on; handed in and signed, it is scored (mm_assess_score). MM_E_RANGE: there is no
 * such step; MM_E_EXISTS: somebody else was faster. */
MM_MUST_USE enum mm_code mm_assess_move(struct mm_tx *tx, int64_t assessment,
                                        enum mm_assess_state to, uint32_t by, int64_t now_us);
/* due_us 0: no day. */
MM_MUST_USE enum mm_code mm_assess_due(struct mm_tx *tx, int64_t assessment, int64_t due_us);

/* ---- answers ---- */

struct mm_said {
    int64_t answer; /* number of the row; 0: none yet */
    struct mm_slice question;
    enum mm_assess_side side;
    enum mm_answer_state state;
    struct mm_slice levels; /* ids with a blank between them */
    struct mm_slice body;
    bool ticked;
    struct mm_slice met; /* ids of criteria with a blank between them */
    struct mm_slice comment;
    enum mm_assess_origin origin;
    bool provisional;
    struct mm_slice reason;
    uint32_t by; /* user; 0: none */
    struct mm_slice by_name;
    int64_t made_us;
};

/*
 * Save one answer in the company that tx is narrowed to. s->answer is the number of the latest
 * answer that this person has seen (0: none): when there is a later one, MM_E_EXISTS, and
 * mm_assess_said_now tells it. The same content again keeps the row that is there. *ret is the
 * number of the row in force.
 *
 * MM_E_DENIED: the state does not take answers of this side. MM_E_RANGE with fault.what
 * "assess.question", "assess.answer" (no such answer to this question), "assess.body",
 * "assess.comment", "assess.reason", "assess.name".
 */
MM_MUST_USE enum mm_code mm_assess_say(struct mm_tx *tx, int64_t assessment,
                                       const struct mm_quest *q, const struct mm_said *s,
                                       int64_t now_us, int64_t *ret, struct mm_fault *fault);
/* The latest answer of a question and side; *ret is zeroed when there is none. */
MM_MUST_USE enum mm_code mm_assess_said_now(struct mm_tx *tx, int64_t assessment,
                                            struct mm_slice question, enum mm_assess_side side,
                                            struct mm_arena *a, struct mm_said *ret);
/* All answers in force, by question and side. */
MM_MUST_USE enum mm_code mm_assess_said(struct mm_tx *tx, int64_t assessment, struct mm_arena *a,
                                        struct mm_said **ret, size_t *ret_n);
/* All that was ever said to one question, newest first. */
MM_MUST_USE enum mm_code mm_assess_history(struct mm_tx *tx, int64_t assessment,
                                           struct mm_slice question, struct mm_arena *a,
                                           struct mm_said **ret, size_t *ret_n);

/* What the engine sees of one answer; false: it is none of this question. */
MM_MUST_USE bool mm_said_answer(const struct mm_question *u, const struct mm_said *s,
                                struct mm_answer *ret);
/*
 * What counts, one a question of q: the interviewer's answer before the company's, provisional ones
 * not at all (they are blank until confirmed); with_provisional counts them too. Answers to
 * questions that q has not are left out.
 */
void mm_assess_count(const struct mm_quest *q, const struct mm_said *said, size_t n,
                     bool with_provisional, struct mm_answer *ret);

/* ---- scores ---- */

/* Keep what the assessment came to, in place of what was kept before. */
MM_MUST_USE enum mm_code mm_assess_keep(struct mm_tx *tx, int64_t assessment,
                                        const struct mm_result *r, int64_t now_us);
/* Read answers, score them and keep the result. */
MM_MUST_USE enum mm_code mm_assess_score(struct mm_tx *tx, int64_t assessment, int64_t now_us);

struct mm_assess_score {
    struct mm_slice part, id; /* "total", "section", "category", "pillar", "measure", "tier" */
    bool measured;
    struct mm_ratio value;
    int64_t k, n, questions, unknown, not_applicable, blank, not_asked;
    int64_t scored_us;
};
/* In the order of the questionnaire; none when it was never scored. */
MM_MUST_USE enum mm_code mm_assess_scores(struct mm_tx *tx, int64_t assessment, struct mm_arena *a,
                                          struct mm_assess_score **ret, size_t *ret_n);

struct mm_assess_peer {
    uint32_t company;
    int64_t assessment;
    struct mm_ratio value;
};
/*
 * Of each company that the scope sees, above `after`, its latest score of this part of one version
 * of a questionnaire, as far as it was handed in and measured; by company, at most
 * MM_ASSESS_PEERS_MAX. Never shown one by one to another company: assess/peers.h.
 */
MM_MUST_USE enum mm_code mm_assess_peers(struct mm_tx *tx, struct mm_slice name, uint32_t version,
                                         struct mm_slice part, struct mm_slice id, uint32_t after,
                                         struct mm_arena *a, struct mm_assess_peer **ret,
                                         size_t *ret_n);

#endif

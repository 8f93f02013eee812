/* app/question.c - see question.h for the contract. */
#include "app/question.h"

#include <stdio.h>
#include <unistd.h>

enum { BLOCK = 65536 };

bool mm_question_read(struct mm_buf *out)
{
    for (;;) {
        uint8_t *room = mm_buf_room(out, BLOCK);
        ssize_t n = room == NULL ? -1 : read(STDIN_FILENO, room, BLOCK);

        if (n <= 0)
            return n == 0;
        out->n += (size_t)n;
    }
}

bool mm_question_answer(struct mm_doc *doc, size_t size_max)
{
    struct mm_buf out;
    bool ok;

    mm_buf_init(&out, size_max);
    mm_doc_json(&out, doc);
    mm_buf_byte(&out, '\n');
    ok = mm_doc_ok(doc) && mm_buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n;
    mm_buf_done(&out);
    return ok && fflush(stdout) == 0;
}

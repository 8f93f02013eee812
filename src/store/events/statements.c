/* store/events/statements.c - see statements.h for the contract. */
#include "store/events/statements.h"

#include "base/rd.h"
#include "store/events/schema.h"

static const struct {
    const char *name;
    const char *format;
    struct mm_slice sql;
} statements[MM_ST_COUNT] = {
#define MM_STATEMENT(id, format, sql) [MM_ST_##id] = {#id, format, MM_S_INIT(sql)},
#include "store/events/statements.def"
#undef MM_STATEMENT
};

static const struct {
    struct mm_slice text;
    enum mm_etable table;
    void (*put)(struct mm_buf *out, enum mm_etable t);
    bool quoted; /* stands between quotes: its own are escaped */
} marks[] = {
    {MM_S_INIT("$create:events"), MM_ET_EVENTS, mm_etable_create, false},
    {MM_S_INIT("$create:alerts"), MM_ET_ALERTS, mm_etable_create, false},
    {MM_S_INIT("$create:sieves"), MM_ET_SIEVES, mm_etable_create, false},
    {MM_S_INIT("$columns:events"), MM_ET_EVENTS, mm_etable_list, false},
    {MM_S_INIT("$columns:alerts"), MM_ET_ALERTS, mm_etable_list, false},
    {MM_S_INIT("$columns:sieves"), MM_ET_SIEVES, mm_etable_list, false},
    {MM_S_INIT("$structure:events"), MM_ET_EVENTS, mm_etable_structure, true},
    {MM_S_INIT("$structure:alerts"), MM_ET_ALERTS, mm_etable_structure, true},
    {MM_S_INIT("$structure:sieves"), MM_ET_SIEVES, mm_etable_structure, true},
};

static void put_mark(struct mm_buf *out, size_t i)
{
    struct mm_buf text;

    mm_buf_init(&text, out->max);
    marks[i].put(&text, marks[i].table);
    for (size_t k = 0; k < text.n; k++) {
        if (marks[i].quoted && text.p[k] == '\'')
            mm_buf_byte(out, '\\');
        mm_buf_byte(out, text.p[k]);
    }
    if (!mm_buf_ok(&text))
        out->failed = true;
    mm_buf_done(&text);
}

void mm_statement_sql(struct mm_buf *out, enum mm_statement st)
{
    struct mm_rd rd;

    MM_ASSERT(st < MM_ST_COUNT);
    rd = mm_rd_of(statements[st].sql);
    while (mm_rd_left(&rd) > 0) {
        size_t i = 0;

        while (i < MM_COUNT(marks) && !mm_rd_lit(&rd, marks[i].text))
            i++;
        if (i < MM_COUNT(marks))
            put_mark(out, i);
        else
            mm_buf_byte(out, rd.in.p[rd.pos++]);
    }
}

const char *mm_statement_format(enum mm_statement st)
{
    MM_ASSERT(st < MM_ST_COUNT);
    return statements[st].format;
}

const char *mm_statement_name(enum mm_statement st)
{
    MM_ASSERT(st < MM_ST_COUNT);
    return statements[st].name;
}

#include "tests/sql/query_sql.h"

#include "core/base/assert.h"
#include "core/query/session.h"
#include "io/posix/posix_io.h"
#include "kernels/select/select.h"

static mr_status write_batch(struct mr_query *query, struct mr_batch *batch, struct mr_text *out,
                             struct mr_err *err)
{
    struct mr_expr_builder builder;
    struct mr_program *program;
    uint32_t width = query->schema->field_count;
    const struct mr_expr **texts = MR_ARENA_ARRAY(batch->arena, const struct mr_expr *, width + 1);
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, width + 1);
    MR_ASSERT(texts != NULL && cols != NULL);
    mr_expr_builder_init(&builder, &query->arena, query->session->zone, true);
    for (uint32_t i = 0; i < width; i++) {
        MR_TRY(mr_expr_column(&builder, query->schema, i, &texts[i], err));
        MR_TRY(mr_expr_cast(&builder, texts[i], mr_type_of(MR_TYPE_STRING), MR_MODE_ANSI,
                            &texts[i], err));
    }
    MR_TRY(mr_program_compile(&query->heap, texts, width, &program, err));
    mr_status status = mr_program_run(program, &query->env.context, batch, cols, err);
    for (uint32_t k = 0; status == MR_OK && k < batch->sel_count; k++) {
        uint32_t row = mr_batch_row(batch, k);
        for (uint32_t i = 0; i < width; i++) {
            bool is_null = mr_vec_is_null(&cols[i], row);
            struct mr_span text = is_null ? MR_SPAN("NULL") : mr_vec_span(&cols[i], row);
            if (i > 0) mr_text_adds(out, " | ");
            mr_text_add(out, text.text, text.bytes);
        }
        mr_text_addc(out, '\n');
    }
    mr_program_fini(program);
    return status;
}

static mr_status write_rows(struct mr_query *query, struct mr_text *out, struct mr_err *err)
{
    mr_text_reset(out);
    for (;;) {
        struct mr_batch *batch;
        mr_pull pull;
        MR_TRY(mr_query_next(query, &batch, &pull, err));
        if (pull == MR_PULL_END) break;
        if (pull == MR_PULL_ROWS) MR_TRY(write_batch(query, batch, out, err));
        if (pull == MR_PULL_WAIT) (void)mr_io_run(query->env.io, -1);
    }
    if (query->rows == 0) mr_text_adds(out, "no rows\n");
    out->used--; /* the case's own line feed follows */
    out->at[out->used] = '\0';
    return MR_OK;
}

static mr_status run_script(struct mr_session *session, const struct mr_sql_script *script,
                            uint32_t batch_rows, struct mr_text *out, struct mr_err *err)
{
    for (const struct mr_sql_statement *s = script->first; s != NULL; s = s->next) {
        struct mr_query query;
        MR_TRY(mr_session_begin(session, script, s, &query, err));
        query.env.batch_rows = batch_rows;
        mr_status status = MR_OK;
        if (query.note != NULL) {
            mr_text_reset(out);
            mr_text_adds(out, query.note);
        }
        if (query.schema != NULL) status = write_rows(&query, out, err);
        mr_query_end(&query);
        if (status != MR_OK) return status;
    }
    return MR_OK;
}

mr_status query_run(struct mr_arena *arena, struct mr_span sql, uint32_t batch_rows,
                    struct mr_text *out, struct mr_err *err)
{
    const struct mr_sql_script *script;
    struct mr_posix_options options = {0};
    struct mr_session session;
    struct mr_io *io;
    MR_TRY(mr_sql_parse(arena, sql, "test.sql", &script, err));
    MR_TRY(mr_posix_open(arena->heap, &options, &io, err));
    struct mr_session_config config = {.heap = arena->heap,
                                       .io = io,
                                       .catalog = "main",
                                       .schema = "default",
                                       .memory_bytes = 64 << 20,
                                       .select = mr_select_kernels(mr_isa_best())};
    mr_status status = mr_session_init(&session, &config, err);
    if (status == MR_OK) {
        status = run_script(&session, script, batch_rows, out, err);
        mr_session_fini(&session);
    }
    mr_io_close(io);
    return status;
}

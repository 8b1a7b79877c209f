/* Generate: several rows of one (explode, inline, ...): what a generator gives, beside the rows it
 * came from. A batch of the input may give many batches. */
#include "core/ops/op_impl.h"

struct generate {
    struct mr_operator op;
    const struct mr_generator *generator;
    struct mr_program *program; /* the generator's inputs */
    struct mr_batch *batch;     /* of the input, whose rows are given; null = none */
    struct mr_generated made;
    uint32_t done; /* rows of it */
    struct op_out out;
};

static mr_status take_batch(struct generate *self, struct mr_batch *batch, struct mr_err *err)
{
    uint32_t count = self->generator->input_count;
    struct mr_vec *inputs = MR_ARENA_ARRAY(batch->arena, struct mr_vec, count);
    if (inputs == NULL) return op_nomem(err);
    MR_TRY(mr_program_run(self->program, &self->op.env->context, batch, inputs, err));
    MR_TRY(mr_generator_run(self->generator, batch, inputs, &self->made, err));
    self->batch = batch;
    self->done = 0;
    return MR_OK;
}

/* give_rows: the next `count` rows. The new columns may share text with the batch. */
static mr_status give_rows(struct generate *self, uint32_t count, struct mr_err *err)
{
    struct op_out *out = &self->out;
    uint32_t kept = self->batch->schema->field_count, columns = self->op.schema->field_count;
    struct mr_text_area shared;
    MR_TRY(op_out_begin(out, self->op.schema, count, err));
    out->batch.bufs = self->batch->bufs;
    mr_text_area_init(&shared, &out->arena, &out->batch.bufs);
    shared.is_shared = true;
    uint32_t *at = mr_arena_alloc(&out->arena, (count + 1) * sizeof *at, 64);
    if (at == NULL) return op_nomem(err);
    for (uint32_t i = 0; i < count; i++) at[i] = self->done + i;
    for (uint32_t k = 0; k < columns; k++) {
        bool is_new = k >= kept;
        const struct mr_vec *from = is_new ? &self->made.cols[k - kept] : &self->batch->cols[k];
        MR_TRY(mr_column_append(&out->batch.cols[k], &shared, from,
                                is_new ? at : self->made.source + self->done, count, err));
    }
    op_out_end(out, count);
    self->done += count;
    return MR_OK;
}

static mr_status generate_next(struct mr_operator *op, struct mr_batch **out_batch,
                               mr_pull *out_pull, struct mr_err *err)
{
    struct generate *self = (struct generate *)op;
    struct mr_batch *batch;
    if (self->batch == NULL || self->done == self->made.rows) {
        self->batch = NULL;
        MR_TRY(op_pull(op, 0, &batch, out_pull, err));
        if (*out_pull != MR_PULL_ROWS) return MR_OK;
        MR_TRY(take_batch(self, batch, err));
        *out_pull = MR_PULL_AGAIN;
        return MR_OK;
    }
    MR_TRY(give_rows(self, MR_MIN(self->made.rows - self->done, op_batch_rows(op)), err));
    *out_batch = &self->out.batch;
    *out_pull = MR_PULL_ROWS;
    return MR_OK;
}

static void generate_fini(struct mr_operator *op)
{
    struct generate *self = (struct generate *)op;
    mr_program_fini(self->program);
    op_out_fini(&self->out);
}

static const struct mr_operator_kind generate_kind = {
    .name = "Generate", .next = generate_next, .fini = generate_fini};

mr_status mr_op_generate(struct mr_query_env *env, struct mr_operator *input,
                         const struct mr_type *schema, const struct mr_generator *generator,
                         struct mr_operator **out_op, struct mr_err *err)
{
    struct generate *self = op_new(env, &generate_kind, sizeof *self, schema, input, NULL, err);
    if (self == NULL) return MR_E_NOMEM;
    self->generator = generator;
    op_out_init(&self->out, env->heap);
    return op_opened(&self->op, mr_program_compile(env->heap, generator->inputs,
                                                   generator->input_count, &self->program, err),
                     out_op);
}

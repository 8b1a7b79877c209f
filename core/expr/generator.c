#include "core/expr/generator.h"

#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/expr_impl.h"

static const struct generator_name {
    const char *name;
    mr_generator_kind kind;
    bool is_outer;
} names[] = {
    {"explode", MR_GENERATOR_EXPLODE, false},
    {"explode_outer", MR_GENERATOR_EXPLODE, true},
    {"posexplode", MR_GENERATOR_POSEXPLODE, false},
    {"posexplode_outer", MR_GENERATOR_POSEXPLODE, true},
    {"inline", MR_GENERATOR_INLINE, false},
    {"inline_outer", MR_GENERATOR_INLINE, true},
    {"stack", MR_GENERATOR_STACK, false},
    {"json_tuple", MR_GENERATOR_TUPLE, false},
};

static const struct generator_name *find_name(struct mr_span name)
{
    for (size_t i = 0; i < MR_COUNT_OF(names); i++) {
        if (mr_span_ieq(name, mr_span_of(names[i].name))) return &names[i];
    }
    return NULL;
}

bool mr_generator_is(struct mr_span name)
{
    return find_name(name) != NULL;
}

/* One binding under way. */
struct bind {
    struct mr_expr_builder *builder;
    const char *name;
    const struct mr_expr *const *args;
    uint32_t arg_count;
    struct mr_generator *out;
    struct mr_field *fields;
    uint32_t field_count;
};

static void add_field(struct bind *b, const char *name, const struct mr_type *type,
                      bool is_nullable)
{
    b->fields[b->field_count++] = (struct mr_field){
        .name = mr_span_of(name), .type = type, .is_nullable = is_nullable || b->out->is_outer};
}

static mr_status bind_wrong(const struct bind *b, const char *wanted, struct mr_err *err)
{
    char text[MR_TYPE_TEXT_MAX];
    return mr_err_set(err, MR_E_TYPE, 1301, "%s takes %s, not %s", b->name, wanted,
                      mr_type_describe(b->args[0]->type, text, sizeof text));
}

static mr_status bind_count(const struct bind *b, const char *wanted, struct mr_err *err)
{
    return mr_err_set(err, MR_E_TYPE, 1303, "%s takes %s, not %u", b->name, wanted, b->arg_count);
}

static mr_status bind_explode(struct bind *b, struct mr_err *err)
{
    if (b->arg_count != 1) return bind_count(b, "1 argument", err);
    const struct mr_type *type = b->args[0]->type;
    if (type->id != MR_TYPE_ARRAY && type->id != MR_TYPE_MAP) {
        return bind_wrong(b, "an array or a map", err);
    }
    if (b->out->kind == MR_GENERATOR_POSEXPLODE) {
        add_field(b, "pos", mr_type_of(MR_TYPE_INT), false);
    }
    if (type->id == MR_TYPE_ARRAY) {
        add_field(b, "col", type->fields[0].type, type->fields[0].is_nullable);
    } else {
        add_field(b, "key", type->fields[0].type, false);
        add_field(b, "value", type->fields[1].type, type->fields[1].is_nullable);
    }
    return MR_OK;
}

static mr_status bind_inline(struct bind *b, struct mr_err *err)
{
    if (b->arg_count != 1) return bind_count(b, "1 argument", err);
    const struct mr_type *type = b->args[0]->type;
    if (type->id != MR_TYPE_ARRAY || type->fields[0].type->id != MR_TYPE_STRUCT) {
        return bind_wrong(b, "an array of structs", err);
    }
    const struct mr_type *element = type->fields[0].type;
    b->fields = MR_ARENA_ARRAY(b->builder->arena, struct mr_field, element->field_count);
    if (b->fields == NULL) return mr_expr_nomem(err);
    for (uint32_t i = 0; i < element->field_count; i++) {
        b->fields[i] = element->fields[i];
        b->fields[i].metadata = (struct mr_span){0};
        b->fields[i].is_nullable = b->fields[i].is_nullable || type->fields[0].is_nullable ||
                                   b->out->is_outer;
    }
    b->field_count = element->field_count;
    return MR_OK;
}

/* stack_column: the type of one column: that of its first value which is not NULL; all others have
 * to have it, too. */
static mr_status stack_column(struct bind *b, const struct mr_expr **values, uint32_t column,
                              uint32_t width, uint32_t count, struct mr_err *err)
{
    const struct mr_type *type = mr_type_of(MR_TYPE_VOID);
    bool is_nullable = false;
    for (uint32_t i = column; i < width * b->out->rows_each; i += width) {
        bool is_there = i < count;
        if (is_there && type->id == MR_TYPE_VOID) type = values[i]->type;
        is_nullable = is_nullable || !is_there || values[i]->is_nullable;
    }
    for (uint32_t i = column; i < count; i += width) {
        if (values[i]->type->id != MR_TYPE_VOID && !mr_type_equal(values[i]->type, type)) {
            char one[MR_TYPE_TEXT_MAX], other[MR_TYPE_TEXT_MAX];
            return mr_err_set(err, MR_E_TYPE, 1301,
                              "column %u of stack has values of type %s and %s", column,
                              mr_type_describe(type, one, sizeof one),
                              mr_type_describe(values[i]->type, other, sizeof other));
        }
        MR_TRY(mr_expr_implicit(b->builder, values[i], type, &values[i], err));
    }
    char *name = mr_arena_format(b->builder->arena, "col%u", column);
    if (name == NULL) return mr_expr_nomem(err);
    add_field(b, name, type, is_nullable);
    return MR_OK;
}

static mr_status bind_stack(struct bind *b, struct mr_err *err)
{
    if (b->arg_count < 2) return bind_count(b, "at least 2 arguments", err);
    const struct mr_expr *each = b->args[0];
    uint32_t count = b->arg_count - 1;
    bool is_fit = each->kind == MR_EXPR_LITERAL && !each->value.is_null &&
                  each->type->id == MR_TYPE_INT && each->value.u.i64 > 0;
    if (!is_fit) {
        return mr_err_set(err, MR_E_TYPE, 1315,
                          "stack takes a constant number of rows above 0 as argument 1");
    }
    b->out->rows_each = (uint32_t)each->value.u.i64;
    uint32_t width = (uint32_t)(((uint64_t)count + b->out->rows_each - 1) / b->out->rows_each);
    const struct mr_expr **values =
        MR_ARENA_ARRAY(b->builder->arena, const struct mr_expr *, count);
    b->fields = MR_ARENA_ARRAY(b->builder->arena, struct mr_field, width);
    if (values == NULL || b->fields == NULL) return mr_expr_nomem(err);
    memcpy(values, b->args + 1, count * sizeof *values);
    for (uint32_t i = 0; i < width; i++) MR_TRY(stack_column(b, values, i, width, count, err));
    b->out->inputs = values;
    b->out->input_count = count;
    return MR_OK;
}

/* tuple_member: json_tuple's k-th column: what is at that name. */
static mr_status tuple_member(struct bind *b, uint32_t k, const struct mr_expr **out_input,
                              struct mr_err *err)
{
    const struct mr_expr *name = b->args[k + 1], *path;
    const struct mr_type *string = mr_type_of(MR_TYPE_STRING);
    bool is_fit = name->kind == MR_EXPR_LITERAL && name->type->id == MR_TYPE_STRING &&
                  !name->value.is_null &&
                  (name->value.u.text.bytes == 0 ||
                   memchr(name->value.u.text.text, '\'', name->value.u.text.bytes) == NULL);
    if (!is_fit) {
        return mr_err_set(err, MR_E_TYPE, 1301,
                          "json_tuple takes constant names without apostrophes");
    }
    const char *text = mr_arena_format(b->builder->arena, "$['%.*s']",
                                       (int)name->value.u.text.bytes, name->value.u.text.text);
    const char *column = mr_arena_format(b->builder->arena, "c%u", k);
    if (text == NULL || column == NULL) return mr_expr_nomem(err);
    MR_TRY(mr_expr_string(b->builder, mr_span_of(text), &path, err));
    MR_TRY(mr_expr_binary(b->builder, "get_json_object", b->args[0], path, out_input, err));
    add_field(b, column, string, true);
    return MR_OK;
}

static mr_status bind_tuple(struct bind *b, struct mr_err *err)
{
    if (b->arg_count < 2) return bind_count(b, "a text and at least one name", err);
    uint32_t count = b->arg_count - 1;
    const struct mr_expr **inputs =
        MR_ARENA_ARRAY(b->builder->arena, const struct mr_expr *, count);
    b->fields = MR_ARENA_ARRAY(b->builder->arena, struct mr_field, count);
    if (inputs == NULL || b->fields == NULL) return mr_expr_nomem(err);
    for (uint32_t k = 0; k < count; k++) MR_TRY(tuple_member(b, k, &inputs[k], err));
    b->out->inputs = inputs;
    b->out->input_count = count;
    return MR_OK;
}

static mr_status bind_kind(struct bind *b, struct mr_err *err)
{
    struct mr_field few[3];
    b->fields = few;
    switch (b->out->kind) {
    case MR_GENERATOR_EXPLODE:
    case MR_GENERATOR_POSEXPLODE: MR_TRY(bind_explode(b, err)); break;
    case MR_GENERATOR_INLINE: MR_TRY(bind_inline(b, err)); break;
    case MR_GENERATOR_STACK: MR_TRY(bind_stack(b, err)); break;
    case MR_GENERATOR_TUPLE: MR_TRY(bind_tuple(b, err)); break;
    }
    b->out->columns = mr_type_struct(b->builder->arena, b->fields, b->field_count);
    return b->out->columns == NULL ? mr_expr_nomem(err) : MR_OK;
}

mr_status mr_generator_bind(struct mr_expr_builder *builder, struct mr_span name,
                            const struct mr_expr *const *args, uint32_t arg_count, bool is_outer,
                            const struct mr_generator **out_generator, struct mr_err *err)
{
    const struct generator_name *found = find_name(name);
    if (found == NULL) {
        return mr_err_set(err, MR_E_NOT_FOUND, 1302, "\"%.*s\" gives no rows", (int)name.bytes,
                          name.text);
    }
    struct mr_generator *generator = MR_ARENA_NEW(builder->arena, struct mr_generator);
    const struct mr_expr **inputs =
        MR_ARENA_ARRAY(builder->arena, const struct mr_expr *, arg_count);
    if (generator == NULL || inputs == NULL) return mr_expr_nomem(err);
    if (arg_count > 0) memcpy(inputs, args, arg_count * sizeof *inputs);
    *generator = (struct mr_generator){.kind = found->kind, .is_outer = is_outer || found->is_outer,
                                       .inputs = inputs, .input_count = arg_count};
    struct bind bind = {.builder = builder, .name = found->name, .args = args,
                        .arg_count = arg_count, .out = generator};
    MR_TRY(bind_kind(&bind, err));
    *out_generator = generator;
    return MR_OK;
}

/* ---- running ---- */

/* One run: new row i is element index[i] of the list of row source[i], or nothing of it. */
struct run {
    const struct mr_generator *generator;
    struct mr_eval *eval;
    const struct mr_vec *inputs;
    struct mr_generated *out;
    uint32_t *source;
    uint32_t *index;
    uint16_t *is_from; /* 0: from the first source vector, MR_GATHER_NULL: nulls */
    bool has_nulls;
};

static mr_status run_room(struct run *run, uint64_t rows, struct mr_err *err)
{
    struct mr_arena *arena = run->eval->arena;
    if (rows > INT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "the lists of one batch are too long");
    }
    run->source = MR_ARENA_ARRAY(arena, uint32_t, rows);
    run->index = MR_ARENA_ARRAY(arena, uint32_t, rows);
    run->is_from = MR_ARENA_ARRAY(arena, uint16_t, rows);
    run->out->cols =
        MR_ARENA_ARRAY(arena, struct mr_vec, run->generator->columns->field_count);
    if (run->source == NULL || run->index == NULL || run->is_from == NULL ||
        run->out->cols == NULL) {
        return mr_eval_nomem(err);
    }
    run->out->source = run->source;
    return MR_OK;
}

static uint32_t list_count(const struct mr_vec *list, uint32_t row)
{
    return mr_vec_is_null(list, row) ? 0 : list->offsets[row + 1] - list->offsets[row];
}

/* plan_lists: which element of which row each new row is. */
static mr_status plan_lists(struct run *run, struct mr_err *err)
{
    const struct mr_batch *batch = run->eval->batch;
    const struct mr_vec *list = &run->inputs[0];
    uint64_t total = 0;
    for (uint32_t k = 0; k < batch->sel_count; k++) {
        uint32_t count = list_count(list, mr_batch_row(batch, k));
        total += count == 0 && run->generator->is_outer ? 1 : count;
    }
    MR_TRY(run_room(run, total, err));
    uint32_t at = 0;
    for (uint32_t k = 0; k < batch->sel_count; k++) {
        uint32_t row = mr_batch_row(batch, k), count = list_count(list, row);
        for (uint32_t i = 0; i < count; i++, at++) {
            run->source[at] = row;
            run->index[at] = list->offsets[row] + i;
        }
        if (count > 0 || !run->generator->is_outer) continue;
        run->source[at] = row;
        run->is_from[at++] = MR_GATHER_NULL;
        run->has_nulls = true;
    }
    run->out->rows = at;
    return MR_OK;
}

/* run_child: a child of the list as a new column: itself where all of it is wanted in order. */
static mr_status run_child(struct run *run, const struct mr_vec *child, struct mr_vec *out,
                           struct mr_err *err)
{
    bool is_whole = !run->has_nulls && run->out->rows == child->rows;
    for (uint32_t i = 0; is_whole && i < run->out->rows; i++) is_whole = run->index[i] == i;
    if (is_whole) {
        *out = *child;
        return MR_OK;
    }
    struct mr_gather gather = {.eval = run->eval, .sources = &child, .source = run->is_from,
                               .index = run->index, .rows = run->out->rows};
    return mr_gather_run(&gather, child->type, out, err);
}

static mr_status run_positions(struct run *run, struct mr_vec *out, struct mr_err *err)
{
    const struct mr_vec *list = &run->inputs[0];
    uint32_t rows = run->out->rows;
    MR_TRY(mr_vec_alloc(out, run->eval->arena, mr_type_of(MR_TYPE_INT), rows, run->has_nulls,
                        &run->eval->root->bufs, err));
    for (uint32_t i = 0; i < rows; i++) {
        bool is_null = run->is_from[i] == MR_GATHER_NULL;
        int32_t *values = out->values;
        values[i] = is_null ? 0 : (int32_t)(run->index[i] - list->offsets[run->source[i]]);
        if (is_null) out->null_count++;
        else if (run->has_nulls) mr_bit_set(out->validity, i);
    }
    return MR_OK;
}

static mr_status run_lists(struct run *run, struct mr_err *err)
{
    const struct mr_vec *list = &run->inputs[0];
    struct mr_vec *col = NULL;
    MR_TRY(plan_lists(run, err));
    col = run->out->cols;
    if (run->generator->kind == MR_GENERATOR_POSEXPLODE) MR_TRY(run_positions(run, col++, err));
    for (uint32_t i = 0; i < list->type->field_count; i++) {
        MR_TRY(run_child(run, &list->children[i], col++, err));
    }
    return MR_OK;
}

/* run_inline: the members of the elements; those of a null element are null. */
static mr_status run_inline(struct run *run, struct mr_err *err)
{
    const struct mr_vec *elements = &run->inputs[0].children[0];
    MR_TRY(plan_lists(run, err));
    for (uint32_t i = 0; elements->null_count > 0 && i < run->out->rows; i++) {
        if (run->is_from[i] == MR_GATHER_NULL) continue;
        if (!mr_vec_is_null(elements, run->index[i])) continue;
        run->is_from[i] = MR_GATHER_NULL;
        run->has_nulls = true;
    }
    for (uint32_t i = 0; i < elements->type->field_count; i++) {
        MR_TRY(run_child(run, &elements->children[i], &run->out->cols[i], err));
    }
    return MR_OK;
}

static mr_status run_stack(struct run *run, struct mr_err *err)
{
    const struct mr_batch *batch = run->eval->batch;
    const struct mr_generator *g = run->generator;
    uint32_t width = g->columns->field_count, at = 0;
    MR_TRY(run_room(run, (uint64_t)batch->sel_count * g->rows_each, err));
    const struct mr_vec **sources =
        MR_ARENA_ARRAY(run->eval->arena, const struct mr_vec *, g->rows_each);
    if (sources == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 0; k < batch->sel_count; k++) {
        for (uint32_t i = 0; i < g->rows_each; i++) {
            run->source[at++] = mr_batch_row(batch, k);
        }
    }
    run->out->rows = at;
    for (uint32_t c = 0; c < width; c++) {
        for (uint32_t i = 0; i < g->rows_each; i++) {
            uint32_t value = i * width + c;
            bool is_there = value < g->input_count;
            sources[i] = is_there ? &run->inputs[value] : NULL;
            for (uint32_t k = i; k < at; k += g->rows_each) {
                run->is_from[k] = is_there ? (uint16_t)i : MR_GATHER_NULL;
            }
        }
        struct mr_gather gather = {.eval = run->eval, .sources = sources, .source = run->is_from,
                                   .index = run->source, .rows = at};
        MR_TRY(mr_gather_run(&gather, g->columns->fields[c].type, &run->out->cols[c], err));
    }
    return MR_OK;
}

/* run_tuple: a row of each row. */
static mr_status run_tuple(struct run *run, struct mr_err *err)
{
    const struct mr_batch *batch = run->eval->batch;
    MR_TRY(run_room(run, batch->sel_count, err));
    for (uint32_t k = 0; k < batch->sel_count; k++) run->source[k] = mr_batch_row(batch, k);
    run->out->rows = batch->sel_count;
    for (uint32_t c = 0; c < run->generator->input_count; c++) {
        const struct mr_vec *input = &run->inputs[c];
        struct mr_gather gather = {.eval = run->eval, .sources = &input, .index = run->source,
                                   .rows = run->out->rows};
        MR_TRY(mr_gather_run(&gather, input->type, &run->out->cols[c], err));
    }
    return MR_OK;
}

mr_status mr_generator_run(const struct mr_generator *generator, struct mr_batch *batch,
                           const struct mr_vec *inputs, struct mr_generated *out_generated,
                           struct mr_err *err)
{
    struct mr_eval eval = {.batch = batch, .root = batch, .arena = batch->arena};
    struct mr_generated out = {0};
    struct run run = {.generator = generator, .eval = &eval, .inputs = inputs, .out = &out};
    switch (generator->kind) {
    case MR_GENERATOR_EXPLODE:
    case MR_GENERATOR_POSEXPLODE: MR_TRY(run_lists(&run, err)); break;
    case MR_GENERATOR_INLINE: MR_TRY(run_inline(&run, err)); break;
    case MR_GENERATOR_STACK: MR_TRY(run_stack(&run, err)); break;
    case MR_GENERATOR_TUPLE: MR_TRY(run_tuple(&run, err)); break;
    }
    *out_generated = out;
    return MR_OK;
}

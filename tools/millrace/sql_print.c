#include "tools/millrace/sql_print.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"

enum { KEPT_ROWS = 1000, KEPT_BYTES = 1 << 20, CELL_WIDTH_MAX = 120 };

static bool is_aligned(const struct mr_printer *printer)
{
    return printer->format == MR_PRINT_TABLE;
}

static bool is_json(const struct mr_printer *printer)
{
    return printer->format == MR_PRINT_JSON || printer->format == MR_PRINT_NDJSON;
}

/* ---- what is computed for a row ---- */

static mr_status text_of(struct mr_expr_builder *builder, const struct mr_type *schema,
                         uint32_t column, const struct mr_expr **out_expr, struct mr_err *err)
{
    MR_TRY(mr_expr_column(builder, schema, column, out_expr, err));
    if ((*out_expr)->type->id == MR_TYPE_BINARY) {
        return mr_expr_call(builder, MR_SPAN("hex"), out_expr, 1, out_expr, err);
    }
    return mr_expr_cast(builder, *out_expr, mr_type_of(MR_TYPE_STRING), MR_MODE_ANSI, out_expr,
                        err);
}

/* The whole row as one JSON object. */
static mr_status json_of(struct mr_expr_builder *builder, const struct mr_type *schema,
                         const struct mr_expr **exprs, const struct mr_expr **out_expr,
                         struct mr_err *err)
{
    for (uint32_t i = 0; i < schema->field_count; i++) {
        MR_TRY(mr_expr_string(builder, schema->fields[i].name, &exprs[2 * i], err));
        MR_TRY(mr_expr_column(builder, schema, i, &exprs[2 * i + 1], err));
    }
    MR_TRY(mr_expr_call(builder, MR_SPAN("named_struct"), exprs, 2 * schema->field_count, out_expr,
                        err));
    return mr_expr_call(builder, MR_SPAN("to_json"), out_expr, 1, out_expr, err);
}

static mr_status compile(struct mr_printer *printer, struct mr_err *err)
{
    struct mr_expr_builder builder;
    const struct mr_type *schema = printer->schema;
    const struct mr_expr **exprs = MR_ARENA_ARRAY(&printer->arena, const struct mr_expr *,
                                                  (size_t)schema->field_count * 2 + 1);
    if (exprs == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for rows to show");
    mr_expr_builder_init(&builder, &printer->arena, printer->context.zone, true);
    printer->width = schema->field_count;
    if (is_json(printer)) {
        MR_TRY(json_of(&builder, schema, exprs, &exprs[0], err));
        printer->width = 1;
    } else {
        for (uint32_t i = 0; i < schema->field_count; i++) {
            MR_TRY(text_of(&builder, schema, i, &exprs[i], err));
        }
    }
    return mr_program_compile(printer->heap, exprs, printer->width, &printer->program, err);
}

/* ---- characters ---- */

static uint32_t characters(struct mr_span text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.bytes; i++) count += ((unsigned char)text.text[i] & 0xc0) != 0x80;
    return count;
}

static void pad(FILE *out, char c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) (void)fputc(c, out);
}

/* Control characters would break the lines of a table: they are shown as in JSON. */
static void put_plain(FILE *out, struct mr_span text, bool escapes_bar)
{
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.text[i];
        if (c == '\n') (void)fputs("\\n", out);
        else if (c == '\t') (void)fputs("\\t", out);
        else if (c == '\r') (void)fputs("\\r", out);
        else if (c < 0x20 || c == 0x7f) (void)fprintf(out, "\\u%04x", c);
        else if (c == '|' && escapes_bar) (void)fputs("\\|", out);
        else (void)fputc(c, out);
    }
}

static void put_csv(FILE *out, struct mr_span text)
{
    bool is_plain = text.bytes > 0;
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.text[i];
        is_plain = is_plain && c != ',' && c != '"' && c != '\n' && c != '\r';
    }
    if (is_plain) {
        (void)fwrite(text.text, 1, text.bytes, out);
        return;
    }
    (void)fputc('"', out);
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.text[i] == '"') (void)fputc('"', out);
        (void)fputc(text.text[i], out);
    }
    (void)fputc('"', out);
}

/* ---- lines ---- */

static bool is_right(const struct mr_printer *printer, uint32_t column)
{
    mr_type_id id = printer->schema->fields[column].type->id;
    return id >= MR_TYPE_BYTE && id <= MR_TYPE_DECIMAL;
}

static void put_aligned(struct mr_printer *printer, uint32_t column, struct mr_span text)
{
    uint32_t width = printer->widths[column], own = characters(text);
    uint32_t fill = own < width ? width - own : 0;
    bool right = is_right(printer, column), is_last = column + 1 == printer->width;
    (void)fputs(column == 0 ? " " : "| ", printer->out);
    if (right) pad(printer->out, ' ', fill);
    put_plain(printer->out, text, false);
    if (!right && !is_last) pad(printer->out, ' ', fill);
    (void)fputs(is_last ? "\n" : " ", printer->out);
}

static void put_cell(struct mr_printer *printer, uint32_t column, struct mr_span text,
                     bool is_null)
{
    FILE *out = printer->out;
    bool is_last = column + 1 == printer->width;
    struct mr_span shown = is_null ? MR_SPAN("NULL") : text;
    switch (printer->format) {
    case MR_PRINT_TABLE: put_aligned(printer, column, shown); break;
    case MR_PRINT_MARKDOWN:
        (void)fputs(column == 0 ? "| " : " ", out);
        put_plain(out, shown, true);
        (void)fputs(is_last ? " |\n" : " |", out);
        break;
    case MR_PRINT_CSV:
        if (column > 0) (void)fputc(',', out);
        if (!is_null) put_csv(out, text);
        if (is_last) (void)fputc('\n', out);
        break;
    case MR_PRINT_JSON:
        (void)fputs(printer->rows == 0 ? "[" : ",\n ", out);
        (void)fwrite(text.text, 1, text.bytes, out);
        break;
    case MR_PRINT_NDJSON:
        (void)fwrite(text.text, 1, text.bytes, out);
        (void)fputc('\n', out);
        break;
    }
}

static void put_header(struct mr_printer *printer)
{
    FILE *out = printer->out;
    if (is_json(printer)) return;
    for (uint32_t i = 0; i < printer->width; i++) {
        put_cell(printer, i, printer->schema->fields[i].name, false);
    }
    if (printer->format == MR_PRINT_CSV) return;
    for (uint32_t i = 0; i < printer->width; i++) {
        bool right = is_right(printer, i);
        if (is_aligned(printer)) {
            (void)fputs(i == 0 ? "" : "+", out);
            pad(out, '-', printer->widths[i] + 2);
        } else {
            (void)fputs(i == 0 ? "|" : "", out);
            (void)fputs(right ? "---:|" : "---|", out);
        }
    }
    (void)fputc('\n', out);
}

/* ---- rows kept back ---- */

static void keep(struct mr_printer *printer, uint32_t column, struct mr_span text, bool is_null)
{
    struct mr_span shown = is_null ? MR_SPAN("NULL") : text;
    uint32_t own = MR_MIN(characters(shown), (uint32_t)CELL_WIDTH_MAX);
    printer->widths[column] = MR_MAX(printer->widths[column], own);
    uint32_t bytes = (uint32_t)shown.bytes;
    mr_text_add(&printer->kept, &bytes, sizeof bytes);
    mr_text_add(&printer->kept, shown.text, shown.bytes);
}

static void flush_kept(struct mr_printer *printer)
{
    const char *at = printer->kept.at;
    printer->has_widths = true;
    put_header(printer);
    for (uint32_t i = 0; i < printer->kept_rows * printer->width; i++) {
        uint32_t bytes;
        memcpy(&bytes, at, sizeof bytes);
        put_cell(printer, i % printer->width, (struct mr_span){at + sizeof bytes, bytes}, false);
        at += sizeof bytes + bytes;
    }
    mr_text_reset(&printer->kept);
    printer->kept_rows = 0;
}

/* ---- the printer ---- */

mr_status mr_printer_begin(struct mr_printer *printer, FILE *out, mr_print_format format,
                           struct mr_heap *heap, const struct mr_program_context *context,
                           const struct mr_type *schema, struct mr_err *err)
{
    *printer = (struct mr_printer){
        .out = out, .format = format, .heap = heap, .context = *context, .schema = schema};
    mr_arena_init(&printer->arena, heap, 0);
    mr_text_init(&printer->kept, heap);
    MR_TRY(compile(printer, err));
    printer->widths = MR_ARENA_ARRAY(&printer->arena, uint32_t, (size_t)schema->field_count + 1);
    if (printer->widths == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for rows to show");
    }
    for (uint32_t i = 0; i < schema->field_count; i++) {
        printer->widths[i] = characters(schema->fields[i].name);
    }
    if (!is_aligned(printer)) put_header(printer);
    return MR_OK;
}

mr_status mr_printer_add(struct mr_printer *printer, struct mr_batch *batch, struct mr_err *err)
{
    struct mr_vec *cols = MR_ARENA_ARRAY(batch->arena, struct mr_vec, (size_t)printer->width + 1);
    if (cols == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for rows to show");
    MR_TRY(mr_program_run(printer->program, &printer->context, batch, cols, err));
    for (uint32_t k = 0; k < batch->sel_count; k++) {
        uint32_t row = mr_batch_row(batch, k);
        bool keeps = is_aligned(printer) && !printer->has_widths;
        for (uint32_t i = 0; i < printer->width; i++) {
            bool is_null = mr_vec_is_null(&cols[i], row);
            struct mr_span text = is_null ? MR_SPAN("") : mr_vec_span(&cols[i], row);
            if (keeps) keep(printer, i, text, is_null);
            else put_cell(printer, i, text, is_null);
        }
        printer->rows++;
        if (!keeps) continue;
        printer->kept_rows++;
        MR_TRY(mr_text_end(&printer->kept, err));
        if (printer->kept_rows == KEPT_ROWS || printer->kept.used > KEPT_BYTES) {
            flush_kept(printer);
        }
    }
    return MR_OK;
}

mr_status mr_printer_end(struct mr_printer *printer, struct mr_err *err)
{
    if (is_aligned(printer) && !printer->has_widths) flush_kept(printer);
    if (printer->format == MR_PRINT_JSON) {
        (void)fputs(printer->rows == 0 ? "[]\n" : "]\n", printer->out);
    }
    if (fflush(printer->out) == 0 && !ferror(printer->out)) return MR_OK;
    return mr_err_os(err, errno == 0 ? EIO : errno, 0, "cannot write the rows");
}

void mr_printer_fini(struct mr_printer *printer)
{
    mr_program_fini(printer->program);
    mr_text_fini(&printer->kept);
    mr_arena_fini(&printer->arena);
}

/* Rows of a query on the standard output, in a format of UX.md.
 *
 *   begin(columns) ─▶ add(batch)* ─▶ end
 *
 * The output is data only. `table` pads columns to the width of what the first rows hold, which are
 * kept back for that; every other format writes rows as they come. Values are written as Spark
 * casts them to a string; null is NULL in tables and markdown, and nothing in CSV. */
#ifndef MR_TOOLS_MILLRACE_SQL_PRINT_H
#define MR_TOOLS_MILLRACE_SQL_PRINT_H

#include "core/batch/batch.h"
#include "core/expr/program.h"
#include "tools/millrace/cli.h"

typedef enum mr_print_format {
    MR_PRINT_TABLE,
    MR_PRINT_CSV,
    MR_PRINT_MARKDOWN,
    MR_PRINT_JSON,
    MR_PRINT_NDJSON,
} mr_print_format;

struct mr_printer {
    FILE *out;
    mr_print_format format;
    struct mr_heap *heap;
    const struct mr_zone *zone;
    const struct mr_type *schema;
    struct mr_arena arena;       /* of the query */
    struct mr_program *program;  /* each column as text, or a whole row as JSON */
    struct mr_program_context context;
    uint32_t width; /* columns of the program */
    struct mr_text kept; /* TABLE: cells of the first rows, each ended by a zero byte */
    uint32_t kept_rows;
    uint32_t *widths; /* [width] characters; 0 rows kept = fixed */
    bool has_widths;
    uint64_t rows;
};

/* mr_printer_begin: returns MR_E_TYPE for a column that cannot be shown */
MR_MUST_USE mr_status mr_printer_begin(struct mr_printer *printer, FILE *out,
                                       mr_print_format format, struct mr_heap *heap,
                                       const struct mr_program_context *context,
                                       const struct mr_type *schema, struct mr_err *err);
MR_MUST_USE mr_status mr_printer_add(struct mr_printer *printer, struct mr_batch *batch,
                                     struct mr_err *err);

/* mr_printer_end: what is left, and the end of the document; returns MR_E_IO when the output could
 * not be written. fini: also after a failure. */
MR_MUST_USE mr_status mr_printer_end(struct mr_printer *printer, struct mr_err *err);
void mr_printer_fini(struct mr_printer *printer);

#endif

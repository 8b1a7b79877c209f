/* Cutting one record into values, character by character: the only place that knows what quotes,
 * escapes and what is wrong with them mean. core/format/csv only.
 *
 * The rules are univocity's, the parser that Spark reads with. A value that does not begin with a
 * quote is taken as it stands up to the separator. A quoted one ends at a quote that a separator,
 * a line's end or blanks follow; what the quote escapes loses its escape. A quote that is followed
 * by something else is stray, and what then happens is the option unescapedQuoteHandling. A quoted
 * value that the record's end cuts off is what there is of it.
 *
 *   value          is
 *   nothing        null                       a,,b
 *   "" quoted      the empty value            a,"",b
 *
 * Values that are not a piece of the text are put together in `space`. */
#ifndef MR_CORE_FORMAT_CSV_CSV_CUT_IMPL_H
#define MR_CORE_FORMAT_CSV_CSV_CUT_IMPL_H

#include "core/format/csv/csv_options.h"
#include "core/mem/text.h"

/* A value: where it lies. `flags` are its bytes and the bits below; 0 = nothing, null. */
struct csv_slot {
    uint32_t at;
    uint32_t flags;
};

enum {
    CSV_SLOT_BYTES = (1 << 30) - 1,
    CSV_SLOT_EMPTY = 1 << 30, /* quotes with nothing between them: the empty value */
};
#define CSV_SLOT_SPACE (UINT32_C(1) << 31) /* `at` counts in the space, not in the text */

/* How a line ends in a document; in lines mode it is found before a record is cut. */
typedef enum csv_line_end {
    CSV_LINE_END_UNKNOWN, /* none met yet */
    CSV_LINE_END_LF,
    CSV_LINE_END_CRLF,
    CSV_LINE_END_CR,
} csv_line_end;

typedef enum csv_cut {
    CSV_CUT_DONE,
    CSV_CUT_BAD,     /* the record is malformed; `end` is behind it */
    CSV_CUT_WIDE,    /* the same: more values than maxColumns */
    CSV_CUT_LONG,    /* the same: a value beyond maxCharsPerColumn */
    CSV_CUT_MORE,    /* its end is not in the text */
    CSV_CUT_NOMEM,
} csv_cut;

struct csv_cutter {
    const struct mr_csv_options *options;
    struct mr_heap *heap;
    struct mr_text space;
    struct csv_slot *slots; /* of the record, [count] */
    uint32_t count;
    uint32_t room;
    uint32_t end; /* behind the record and the line's end in a document */
    /* At work. */
    const char *text;
    uint32_t at;
    uint32_t limit;
    bool is_document;
    csv_line_end line_end;
    int32_t ch, prev;
    int32_t quote, escape, escape_escape;
    uint32_t start;   /* of the record */
    size_t value;     /* where the value at work begins in the space */
    uint32_t depth;
    bool trims;
    bool is_quoted; /* the value at work began with a quote */
    bool is_unescaped;
    bool is_null; /* it is skipped */
    csv_cut status;
};

void csv_cutter_init(struct csv_cutter *c, struct mr_heap *heap,
                     const struct mr_csv_options *options);
void csv_cutter_fini(struct csv_cutter *c);

/* csv_cut_line: the record text[at .. limit), which has no line end.
 * csv_cut_document: the record that starts at `at`, up to a line's end outside quotes or, when
 * is_last, the limit. */
csv_cut csv_cut_line(struct csv_cutter *c, const char *text, uint32_t at, uint32_t limit);
csv_cut csv_cut_document(struct csv_cutter *c, const char *text, uint32_t at, uint32_t limit,
                         csv_line_end line_end, bool is_last);

/* csv_slot_span: the bytes of a slot of the last record. */
static inline struct mr_span csv_slot_span(const struct csv_cutter *c, const char *text,
                                           const struct csv_slot *slot)
{
    const char *base = (slot->flags & CSV_SLOT_SPACE) != 0 ? c->space.at : text;
    return (struct mr_span){base + slot->at, slot->flags & CSV_SLOT_BYTES};
}

#endif

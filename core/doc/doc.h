/* JSON documents of the control plane: table logs, checkpoints, schemas, progress.
 *
 * A document is a tree in an arena, read in one pass; numbers keep their text, so that a decimal
 * statistic or a 64-bit id comes back exactly. Objects keep their key order; a repeated key is
 * found by its last value, as RFC 8259 parsers commonly do. Depth is limited to MR_DOC_DEPTH_MAX.
 * Records of a stream never come here: core/format/json reads those. */
#ifndef MR_CORE_DOC_DOC_H
#define MR_CORE_DOC_DOC_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "core/mem/arena.h"
#include "core/mem/text.h"

enum { MR_DOC_DEPTH_MAX = 256 };

typedef enum mr_doc_kind {
    MR_DOC_NULL,
    MR_DOC_BOOL,
    MR_DOC_NUMBER,
    MR_DOC_STRING,
    MR_DOC_ARRAY,
    MR_DOC_OBJECT,
} mr_doc_kind;

struct mr_doc {
    mr_doc_kind kind;
    bool is_true;         /* MR_DOC_BOOL */
    uint32_t count;       /* items of an array, members of an object */
    struct mr_span key;   /* name, when a member of an object */
    struct mr_span text;  /* string: unescaped; number: as written; zero-terminated both */
    struct mr_doc *first; /* items or members in order, linked by `next` */
    struct mr_doc *next;
    const char *from; /* the value's source text: borrowed from the input of mr_doc_read */
    const char *to;
};

/* mr_doc_read: parses one JSON value with blanks around it.
 * returns MR_OK; MR_E_CORRUPT with the byte offset of the first error; MR_E_LIMIT when too deep;
 * MR_E_NOMEM. The tree lives in `arena`; `from` and `to` borrow `text`. */
MR_MUST_USE mr_status mr_doc_read(struct mr_arena *arena, struct mr_span text,
                                  const struct mr_doc **out_doc, struct mr_err *err);

/* mr_doc_get: the member `name` of an object; null when absent, JSON null, or `doc` is no
 * object. */
const struct mr_doc *mr_doc_get(const struct mr_doc *doc, const char *name);

/* Typed access with a fallback when the value is null, absent or of another kind. */
struct mr_span mr_doc_string(const struct mr_doc *doc, struct mr_span fallback);
int64_t mr_doc_int(const struct mr_doc *doc, int64_t fallback);
double mr_doc_double(const struct mr_doc *doc, double fallback);
bool mr_doc_bool(const struct mr_doc *doc, bool fallback);

/* mr_doc_write: the value as compact JSON, numbers as they were written. */
void mr_doc_write(const struct mr_doc *doc, struct mr_text *out);

#endif

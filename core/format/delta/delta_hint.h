/* `_last_checkpoint`: where a reader may start, and the checksum over it.
 *
 *   {"version":10,"size":13,"sizeInBytes":14800,"numOfAddFiles":6,"checksum":"<md5>"}
 *
 * Only a hint: this program writes it for others and itself lists the folder. The checksum is the
 * MD5 of a canonical text of the JSON, so that it does not depend on how the JSON is laid out:
 * every leaf as path=value, names and strings quoted and percent-encoded but for letters, digits
 * and
 * -._~, array positions as numbers, path steps joined by +, sorted by the bytes of the path, joined
 * by commas, without the member "checksum" itself:
 *
 *   {"a":10,"b":{"y":null,"x":"https://delta.io"}}
 *   "a"=10,"b"+"x"="https%3A%2F%2Fdelta.io","b"+"y"=null
 * Source: PROTOCOL.md "Last Checkpoint File Schema", "JSON checksum". */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_HINT_H
#define MR_CORE_FORMAT_DELTA_DELTA_HINT_H

#include "core/doc/doc.h"
#include "core/mem/text.h"
#include "kernels/hash/md5.h"

/* mr_delta_canonical_write: appends the canonical text of an object. returns MR_E_NOMEM */
MR_MUST_USE mr_status mr_delta_canonical_write(struct mr_arena *arena, const struct mr_doc *doc,
                                               struct mr_text *out, struct mr_err *err);

/* mr_delta_canonical_md5: its MD5. */
MR_MUST_USE mr_status mr_delta_canonical_md5(struct mr_arena *arena, const struct mr_doc *doc,
                                             char out_md5[MR_MD5_TEXT], struct mr_err *err);

struct mr_delta_hint {
    int64_t version;
    uint64_t rows;  /* actions in the checkpoint */
    uint64_t bytes; /* of its file */
    uint64_t add_count;
};

/* mr_delta_hint_write: the file's content with its checksum. */
MR_MUST_USE mr_status mr_delta_hint_write(struct mr_arena *arena, const struct mr_delta_hint *hint,
                                          struct mr_text *out, struct mr_err *err);

#endif

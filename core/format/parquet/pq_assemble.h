/* Columns put together from what chunk readers took: Dremel's assembly, a level of nesting at a
 * time.
 *
 * Flat columns are nearly done: their values lie in the batch's arena and only have to move to the
 * rows that are not null. For nested ones each branch of the schema asks the levels of its first
 * leaf, 64 entries at a time: which entries have a place here (a bit each), which of those are not
 * null, and for arrays and maps which begin an element. Leaves that contradict each other are
 * corrupt. Source: Melnik et al., "Dremel" (2010), with vectors in place of record assembly. */
#ifndef MR_CORE_FORMAT_PARQUET_PQ_ASSEMBLE_H
#define MR_CORE_FORMAT_PARQUET_PQ_ASSEMBLE_H

#include "core/format/parquet/pq_chunk_read.h"

struct mr_pq_assembly {
    const struct mr_pq_tree *tree;
    const struct mr_pq_chunk_reader *chunks; /* by leaf */
    const struct mr_decode_kernels *kernels;
    struct mr_pq_grow *slots;   /* scratch: bits of entries */
    struct mr_pq_grow *present; /* scratch */
    struct mr_arena *arena;
    const struct mr_bufs *bufs;
    struct mr_err *err;
};

/* mr_pq_assemble: the vector of a branch with `rows` places. returns MR_E_CORRUPT, MR_E_NOMEM */
MR_MUST_USE mr_status mr_pq_assemble(struct mr_pq_assembly *work, const struct mr_pq_branch *branch,
                                     uint32_t rows, struct mr_vec *vec);

#endif

#include "core/format/delta/delta_crc.h"

#include <inttypes.h>

enum { ERR_LOG = 3102 };

void mr_delta_crc_write(const struct mr_delta_snapshot *snapshot, struct mr_span txn_id,
                        struct mr_text *out)
{
    mr_text_addc(out, '{');
    if (txn_id.bytes > 0) {
        mr_text_adds(out, "\"txnId\":");
        mr_text_add_json(out, txn_id);
        mr_text_addc(out, ',');
    }
    mr_text_addf(out,
                 "\"tableSizeBytes\":%" PRIu64 ",\"numFiles\":%" PRIu64
                 ",\"numMetadata\":1,\"numProtocol\":1",
                 snapshot->file_bytes, snapshot->file_count);
    if (snapshot->in_commit_ms != MR_DELTA_NONE) {
        mr_text_addf(out, ",\"inCommitTimestampOpt\":%" PRId64, snapshot->in_commit_ms);
    }
    mr_text_adds(out, ",\"metadata\":");
    mr_delta_metadata_encode(&snapshot->metadata, out);
    mr_text_adds(out, ",\"protocol\":");
    mr_delta_protocol_encode(&snapshot->protocol, out);
    mr_text_addc(out, '}');
}

static mr_status check_number(const struct mr_doc *doc, const char *name, uint64_t ours,
                              struct mr_err *err)
{
    int64_t theirs = mr_doc_int(mr_doc_get(doc, name), -1);
    if (theirs >= 0 && (uint64_t)theirs == ours) return MR_OK;
    return mr_err_set(err, MR_E_CORRUPT, ERR_LOG,
                      "the version checksum says %s %" PRId64 ", the log adds up to %" PRIu64, name,
                      theirs, ours);
}

mr_status mr_delta_crc_check(const struct mr_delta_snapshot *snapshot, struct mr_arena *scratch,
                             struct mr_span content, struct mr_err *err)
{
    const struct mr_doc *doc = NULL;
    MR_TRY(mr_doc_read(scratch, content, &doc, err));
    MR_TRY(check_number(doc, "tableSizeBytes", snapshot->file_bytes, err));
    MR_TRY(check_number(doc, "numFiles", snapshot->file_count, err));
    MR_TRY(check_number(doc, "numMetadata", snapshot->has_metadata, err));
    MR_TRY(check_number(doc, "numProtocol", snapshot->has_protocol, err));
    struct mr_span id =
        mr_doc_string(mr_doc_get(mr_doc_get(doc, "metadata"), "id"), snapshot->metadata.id);
    if (mr_span_eq(id, snapshot->metadata.id)) return MR_OK;
    return mr_err_set(err, MR_E_CORRUPT, ERR_LOG, "the version checksum is of another table");
}

/* Version checksums: `N.crc` beside N.json, what the table adds up to at N.
 *
 *   {"txnId":..,"tableSizeBytes":..,"numFiles":..,"numMetadata":1,"numProtocol":1,
 *    "metadata":{..},"protocol":{..}}
 *
 * Written after the commit and never replaced; absent is fine. Whoever folds the log can compare
 * and so notice a log that was damaged or a writer that counts wrong. Source: PROTOCOL.md "Version
 * Checksum File". */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_CRC_H
#define MR_CORE_FORMAT_DELTA_DELTA_CRC_H

#include "core/format/delta/delta_snapshot.h"

/* mr_delta_crc_write: the file's content for the snapshot; txn_id of its commit, or empty. */
void mr_delta_crc_write(const struct mr_delta_snapshot *snapshot, struct mr_span txn_id,
                        struct mr_text *out);

/* mr_delta_crc_check: holds a version's N.crc against the snapshot of N.
 * returns MR_E_CORRUPT with the first number that differs, or when `content` is no checksum */
MR_MUST_USE mr_status mr_delta_crc_check(const struct mr_delta_snapshot *snapshot,
                                         struct mr_arena *scratch, struct mr_span content,
                                         struct mr_err *err);

#endif

/* File URIs: how Spark spells a local path.
 *
 *   /in/a b.json   <->   file:///in/a%20b.json    in its logs
 *                        file:/in/a%20b.json      in _metadata.file_path
 *
 * Escaped is what java.net.URI escapes in a path given unescaped: everything in ASCII but letters,
 * digits and _-!.~'()*,;:$&+=@/ ; of the rest control characters and Unicode blanks. Bytes that are
 * no UTF-8 are escaped too, so that every name a file system can hold comes back as it was. */
#ifndef MR_IO_FILES_FILE_URI_H
#define MR_IO_FILES_FILE_URI_H

#include "core/mem/arena.h"
#include "core/mem/text.h"

/* mr_file_uri_write: appends the URI of an absolute path. */
void mr_file_uri_write(struct mr_text *out, struct mr_span path);

/* mr_file_uri_of: the same into an arena; null text when out of memory. */
struct mr_span mr_file_uri_of(struct mr_arena *arena, struct mr_span path);

/* mr_file_uri_short: the form without "//", zero-terminated; null text when out of memory. */
struct mr_span mr_file_uri_short(struct mr_arena *arena, struct mr_span path);

/* mr_file_uri_read: the path of file:///p, file:/p or an absolute path that is escaped likewise.
 * returns MR_E_INVALID for other schemes, hosts, bad escapes, a zero byte and ".." parts */
MR_MUST_USE mr_status mr_file_uri_read(struct mr_arena *arena, struct mr_span uri,
                                       struct mr_span *out_path, struct mr_err *err);

/* mr_unescape: replaces %XX in place, as Hive escapes partition values; a lone % stays. */
size_t mr_unescape(char *text, size_t bytes);

#endif

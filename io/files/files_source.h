/* The source over a folder tree: Auto Loader's rules on a local or network file system.
 *
 * Discovery (tree_walk.h, and file_watch.h as a hint or, with useNotifications, instead) puts files
 * that are not known yet into the index (known_files.h) as pending. A plan takes the oldest pending
 * ones within the limits, looks at each once more, begins to write them as the next entry of the
 * list (file_log.h), and notes them in the index. The list decides: at every start the index is
 * brought in line with it.
 *
 *   crash after        found at the next start                what happens
 *   discovery          pending rows, or none                  listed again
 *   the plan           index and entry above offsets' end     entry removed, files pending again
 *   offsets/N          entry that the index lacks             index caught up, same batch again
 *   commits/N          rows not marked committed              marked
 *
 * <own_folder>/files.existing, in the list's form, is written at the very first start: the files
 * that includeExistingFiles => false leaves out. Its presence says that the first start is over.
 *
 * A path counts once, ever; with allowOverwrites a path and modification time. A folder tree gives
 * no order; files are taken by modification time, then path. */
#ifndef MR_IO_FILES_FILES_SOURCE_H
#define MR_IO_FILES_FILES_SOURCE_H

#include "core/port/source.h"

/* An mr_source_open. */
MR_MUST_USE mr_status mr_files_source_open(const struct mr_source_spec *spec,
                                           struct mr_source **out_source, struct mr_err *err);

/* mr_files_format_of: the format that a file's name says ("a.json.gz" is json), or null. */
const char *mr_files_format_of(struct mr_span name);

#endif

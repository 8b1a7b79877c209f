/* Values of options: from the text that was written to what its type says. */
#ifndef MR_TOOLS_MILLRACE_CLI_VALUE_H
#define MR_TOOLS_MILLRACE_CLI_VALUE_H

#include "tools/millrace/cli.h"

/* mr_value_read: reads `text` as a value of the option into *value; lists grow, others are
 * replaced. `source` names where it was written, for the message: "--rows" or "MILLRACE_ROWS".
 * returns MR_E_INVALID 6001, MR_E_NOMEM */
MR_MUST_USE mr_status mr_value_read(struct mr_cli *cli, const struct mr_option *option,
                                    const char *source, const char *text,
                                    struct mr_option_value *value, struct mr_err *err);

/* mr_duration_read: "90", "250ms", "1h30m", "5 minutes" in microseconds; false when it is none. */
bool mr_duration_read(const char *text, int64_t *out_us);

/* mr_bytes_read: "4096", "10MB", "64MiB", "1.5 GB"; false when it is none. */
bool mr_bytes_read(const char *text, int64_t *out_bytes);

#endif

/* Pages of error numbers, from core/base/errors.def. */
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

#include "core/base/checked.h"
#include "tools/millrace/cli.h"

static const struct error_page {
    uint32_t code;
    const char *title;
    const char *page;
} pages[] = {
#define MR_ERROR(nnnn, title_, page_) {nnnn, title_, page_},
#include "core/base/errors.def"
#undef MR_ERROR
};

static const struct {
    uint32_t first;
    const char *name;
} ranges[] = {
    {1000, "SQL and expressions"},
    {2000, "sources and formats"},
    {3000, "tables"},
    {4000, "checkpoints and state"},
    {5000, "engine and input/output"},
    {6000, "configuration and command line"},
};

static int page_order(const void *a, const void *b)
{
    const struct error_page *x = a, *y = b;
    return (x->code > y->code) - (x->code < y->code);
}

static const struct error_page *sorted_pages(struct mr_cli *cli)
{
    struct error_page *sorted = MR_ARENA_ARRAY(&cli->arena, struct error_page, MR_COUNT_OF(pages));
    if (sorted == NULL) return pages;
    memcpy(sorted, pages, sizeof pages);
    qsort(sorted, MR_COUNT_OF(pages), sizeof *sorted, page_order);
    return sorted;
}

static void put_range(struct mr_cli *cli, const struct error_page *sorted, uint32_t first,
                      bool is_markdown)
{
    for (size_t i = 0; i < MR_COUNT_OF(pages); i++) {
        if (sorted[i].code < first || sorted[i].code >= first + 1000) continue;
        if (is_markdown) {
            fprintf(cli->out, "\n### MR%04" PRIu32 ": %s\n\n%s\n", sorted[i].code, sorted[i].title,
                    sorted[i].page);
        } else {
            fprintf(cli->out, "  MR%04" PRIu32 "  %s\n", sorted[i].code, sorted[i].title);
        }
    }
}

static int explain_all(struct mr_cli *cli, bool is_markdown)
{
    const struct error_page *sorted = sorted_pages(cli);
    if (is_markdown) {
        fputs("# Errors\n\nMade by `docs/make` from `core/base/errors_*.def`; "
              "`millrace explain MRnnnn` shows one page.\n",
              cli->out);
    }
    for (size_t r = 0; r < MR_COUNT_OF(ranges); r++) {
        fprintf(cli->out, is_markdown ? "\n## %s\n" : "%s\n", ranges[r].name);
        put_range(cli, sorted, ranges[r].first, is_markdown);
    }
    return MR_EXIT_OK;
}

int mr_verb_explain(struct mr_cli *cli, struct mr_err *err)
{
    bool is_markdown = mr_cli_flag(cli, "markdown");
    if (cli->arg_count == 0) return explain_all(cli, is_markdown);
    const char *text = cli->args[0];
    char *end;
    if (strncasecmp(text, "mr", 2) == 0) text += 2;
    unsigned long code = strtoul(text, &end, 10);
    for (size_t i = 0; i < MR_COUNT_OF(pages) && end != text && *end == '\0'; i++) {
        if (pages[i].code != code) continue;
        fprintf(cli->out, "MR%04lu: %s\n\n%s\n", code, pages[i].title, pages[i].page);
        return MR_EXIT_OK;
    }
    (void)mr_cli_usage(cli, err, "there is no error \"%s\"", cli->args[0]);
    mr_err_help(err, "`millrace explain` lists all of them");
    return mr_cli_exit_of(err);
}

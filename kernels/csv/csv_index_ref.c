/* The definition of right: one byte after another. */
#include "kernels/csv/csv_index.h"

uint32_t mr_csv_index_ref(const char *text, uint32_t bytes, const struct mr_csv_marks *marks,
                          uint32_t base, uint32_t *out_pos, bool *out_wide)
{
    bool is_mark[256] = {false};
    unsigned wide = 0;
    uint32_t count = 0;
    for (int i = 0; i < MR_CSV_MARKS; i++) is_mark[(unsigned char)marks->at[i]] = true;
    for (uint32_t i = 0; i < bytes; i++) {
        out_pos[count] = base + i; /* there is slack for the one that may not count */
        count += is_mark[(unsigned char)text[i]];
        wide |= (unsigned char)text[i] & 0x80;
    }
    if (wide != 0) *out_wide = true;
    return count;
}

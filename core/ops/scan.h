/* Scans: a range of a file, read ahead and handed to the decoder as text.
 *
 * A scan belongs to one flow on one shard and reads one range after another. Up to MR_SCAN_AHEAD
 * reads are in flight; each fills a pooled buffer behind a headroom, and the part of a record that
 * the decoder left over at the end of one window is copied into the headroom of the next: the only
 * bytes that move. A record longer than the headroom is put together in a block of its own; the
 * decoder bounds it, since it gives up on a record beyond its limit and consumes the bytes.
 *
 *   begin --> OPENING --> READING --(end of range)--> CLOSING --> IDLE
 *
 * A record belongs to the range it starts in. A range that does not start the file begins behind
 * the first line feed at or after off - 1, and reads past its end up to the next line feed. A
 * compressed file is one range; its bytes pass through a decompressor into the windows.
 *
 * Damage is compressed input that does not decode, or a device that cannot read its own content
 * (EIO and the checksum errors of file systems). It fails the range, or with may_be_corrupt ends
 * it: what was decoded and read in front of the damage goes to the decoder, but never as the last
 * of a range. Whatever the form of records, those that are whole are taken; the tail that waits
 * for more text is dropped, since it could pass for a record (`12` of `123`) or as a malformed one.
 */
#ifndef MR_CORE_OPS_SCAN_H
#define MR_CORE_OPS_SCAN_H

#include "core/mem/buf.h"
#include "core/port/io.h"
#include "kernels/codec/codec_stream.h"

enum {
    MR_SCAN_AHEAD = 4,
    MR_SCAN_HEADROOM = 64 << 10, /* bytes in front of each read for a carried partial record */
    MR_SCAN_READ = 1 << 20,      /* bytes of one read */
    MR_SCAN_BUF = MR_SCAN_HEADROOM + MR_SCAN_READ,
};

/* One piece of input of an epoch. Made by the control thread, constant while a shard has it. */
struct mr_range {
    uint32_t index;   /* position within the epoch: the ordinal of its records */
    const char *path; /* to open */
    uint64_t off;
    uint64_t bytes;      /* from off; UINT64_MAX = to the end of the file */
    bool is_split;       /* the file has other ranges: cut at line feeds */
    bool refuses_links;  /* a symbolic link in the file's place is an error */
    bool may_vanish;     /* an absent file is an empty range (ignoreMissingFiles) */
    bool may_be_corrupt; /* damage ends the range (ignoreCorruptFiles) */
    const void *file;    /* the source's record of the file, for _metadata and partitions */
};

/* Called after a completion that may let its owner go on. */
struct mr_waker {
    void (*wake)(void *ctx);
    void *ctx;
};

struct mr_scan_read {
    struct mr_io_op op;
    struct mr_scan *scan;
    struct mr_buf *buf; /* null = the slot is free */
    uint64_t off;       /* in the file */
    uint32_t wanted;    /* bytes; buf->used of them are there */
    uint32_t again;     /* times in a row that it was interrupted */
    bool is_busy;
    bool is_full;    /* complete, or cut by the end of the file or by damage */
    bool is_damaged; /* the device could not read on behind buf->used */
};

struct mr_scan {
    struct mr_io *io;
    struct mr_heap *heap;
    struct mr_waker waker;
    struct mr_pool *pool; /* of buffers of MR_SCAN_BUF bytes, at least MR_SCAN_AHEAD + 2 */
    const struct mr_range *range;
    enum { MR_SCAN_IDLE, MR_SCAN_OPENING, MR_SCAN_READING, MR_SCAN_CLOSING } state;
    struct mr_io_op control; /* open and close */
    int32_t file;
    struct mr_scan_read reads[MR_SCAN_AHEAD];
    uint32_t read_head;  /* slot whose data comes next */
    uint64_t submit_off; /* file offset of the next read */
    uint64_t take_off;   /* file offset behind the bytes taken from reads */
    bool is_at_end;      /* a read met the end of the file */
    bool must_stop;      /* give up the range as soon as nothing is in flight */
    int64_t os_error;    /* first failure, positive errno */
    /* The window given to the decoder: text[at .. end) of `window`, or of `joined` when long. */
    struct mr_buf *window;
    char *joined;
    size_t joined_capacity;
    char *text;
    size_t text_bytes;
    bool is_skipping;    /* before the first record of a split range */
    bool is_last;        /* the window ends the range */
    bool wants_more;     /* the decoder needs a longer window */
    bool is_missing;     /* the file was gone (may_vanish) */
    bool is_damaged;     /* the last read taken ends at damage */
    bool is_corrupt;     /* damage cut the range short: the window is all there will be */
    uint64_t bytes_read; /* of the file, for the counters */
    struct mr_codec_stream_limits limits;
    struct mr_codec_stream *stream; /* decompressor in stream_memory; null for plain files */
    void *stream_memory;
    size_t stream_bytes;
    bool is_sniffed;
    bool is_raw; /* set by the owner after init: compressed files are taken as they are */
    struct mr_buf *packed; /* compressed bytes being inflated */
    uint32_t packed_at;
};

struct mr_scan_window {
    const char *text; /* readable MR_PAD bytes past its end */
    size_t bytes;
    struct mr_buf *buf; /* holds text, or null when the window is a long record */
    bool is_last;       /* nothing of the range follows */
    bool is_over;       /* the last window was consumed and the scan is idle again: no text */
};

void mr_scan_init(struct mr_scan *scan, struct mr_io *io, struct mr_heap *heap,
                  struct mr_pool *pool, struct mr_waker waker);
void mr_scan_fini(struct mr_scan *scan); /* must be idle */

/* mr_scan_begin: starts on a range; the scan must be idle. */
void mr_scan_begin(struct mr_scan *scan, const struct mr_range *range);

/* mr_scan_window: the bytes not consumed yet, more of them each time the decoder took nothing.
 * returns MR_OK with a window; MR_E_AGAIN while reads are in flight; a failure of the file, which
 * is never MR_E_AGAIN */
MR_MUST_USE mr_status mr_scan_window(struct mr_scan *scan, struct mr_scan_window *out_window,
                                     struct mr_err *err);

/* mr_scan_consume: the decoder is done with the first `bytes` of the window. `wants_more` says
 * that what is left is no whole record: the next window is longer. */
MR_MUST_USE mr_status mr_scan_consume(struct mr_scan *scan, size_t bytes, bool wants_more,
                                      struct mr_err *err);

/* mr_scan_stop: gives the range up. returns true once nothing is in flight any more; call again
 * after completions until it does. */
bool mr_scan_stop(struct mr_scan *scan);

#endif

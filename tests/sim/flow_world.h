/* A world for one flow: input files, a pipeline folder and its table on a simulated disk.
 *
 * The flow is the real one from its SQL on: core/pipeline sets it up, core/stream runs it over one
 * to four shards, io/files discovers the files, core/table commits; only the machine under the seam
 * is simulated. A life is one process: it sets up, recovers, runs until all input is in the table
 * (or is stopped, in continuous mode) or until its fate ends it: a kill at an operation, faults, a
 * full disk. Lives follow each other on the same disk, with a power cut between them if the test
 * wants one.
 *
 * Input records carry ids 1, 2, ... over all files; some lines are no JSON and carry numbers of
 * their own, some files are gzip,
 * later files may have a field more, so that the schema evolves in the middle. The audit reads what
 * is on the disk by itself: Delta's log with a JSON walk of its own, data files with the Parquet
 * reader, and compares them with what was produced. Nothing of the flow is asked. */
#ifndef MR_TESTS_SIM_FLOW_WORLD_H
#define MR_TESTS_SIM_FLOW_WORLD_H

#include "core/base/rng.h"
#include "core/stream/prepared.h"
#include "tests/support/sim.h"

#define MR_WORLD_FOLDER "/p"
#define MR_WORLD_LANDING MR_WORLD_FOLDER "/landing"
#define MR_WORLD_TABLE MR_WORLD_FOLDER "/storage/tables/main/default/t"
#define MR_WORLD_BAD MR_WORLD_FOLDER "/bad"
#define MR_WORLD_CHECKPOINTS MR_WORLD_FOLDER "/storage/_checkpoints"

struct mr_world_shape {
    uint32_t shards;            /* 1 to 4 */
    uint32_t files;             /* there from the start */
    uint32_t late_files;        /* that appear while a continuous life runs */
    uint32_t records;           /* about as many in each file */
    uint32_t files_per_trigger; /* 0 = all at once */
    bool is_partitioned;        /* PARTITIONED BY (p) */
    bool is_crowded;            /* p has more values than a shard has files open at once */
    bool has_gzip;
    bool has_malformed;
    bool has_bad_path;     /* badRecordsPath: what is malformed leaves by it */
    bool has_filter;       /* WHERE id % 5 <> 0 */
    bool has_new_column;   /* the second half of the files has it */
    bool is_column_hidden; /* files in the middle have it, and inference sees the newest file only:
                            * an epoch that has read others already is cut */
    bool allows_overwrites;
    bool is_eager; /* no least time between epochs */
    uint64_t range_bytes; /* larger plain files are read in ranges; 0 = as the pipeline says */
};

struct mr_world {
    struct mr_world_shape shape;
    struct mr_simdisk *disk;
    struct mr_rng rng; /* of what is produced */
    uint32_t files;    /* produced so far */
    uint64_t ids;      /* produced so far: 1..ids */
    uint64_t malformed; /* produced so far: 1..malformed */
    char why[1024]; /* the audit's finding */
};

/* What happens to one life. All zero: it runs to the end undisturbed. */
struct mr_fate {
    uint64_t seed;    /* of the schedule */
    uint64_t kill_at; /* see mr_sim_options */
    bool kill_after;
    bool is_continuous;
    uint32_t shards;     /* 0 = as the shape says */
    const char *fault;   /* rules (io/fault/fault.h) over all drivers of the process */
    uint64_t room_bytes; /* left on the disk; 0 = no limit */
    int64_t jump_us;     /* the wall clock jumps so far, both ways, by and by */
    uint64_t take_fails; /* the allocation of the control thread that fails; 0 = none */
    uint32_t stop_ticks; /* continuous: of quiet, before the stop; 0 = 12 */
    int64_t rival_version; /* another writer takes this version of the table away from the flow, and
                            * makes v a number in it: rows of the flow do not fit; 0 = none */
};

struct mr_life {
    mr_status status; /* MR_OK: everything that was there is in the table */
    struct mr_err err;
    bool is_dead;
    uint64_t ops;
    uint64_t trace; /* hash */
    uint64_t hits;  /* operations that a rule changed */
    struct mr_counts counts;
    uint64_t epochs;
    uint64_t epochs_ahead; /* see struct mr_flow */
    uint64_t ahead_cuts;
    bool ends_ahead; /* an epoch was being read ahead when the life ended */
};

/* mr_world_open: makes pipeline and input. mr_world_copy: a world of its own in the same state,
 * without open files. mr_world_close: frees the disk. */
void mr_world_open(struct mr_world *world, const struct mr_world_shape *shape, uint64_t seed);
void mr_world_copy(const struct mr_world *world, struct mr_world *out_copy);
void mr_world_close(struct mr_world *world);

/* mr_world_produce: one more input file, complete and durable at once. */
void mr_world_produce(struct mr_world *world);

/* mr_world_mend: some more records at the end of the n-th file, and a later time. false: it is
 * compressed and stays as it is. */
bool mr_world_mend(struct mr_world *world, uint32_t file);

/* mr_world_rival: another writer's version of the table, in which v is a text or a number. */
void mr_world_rival(struct mr_world *world, int64_t version, bool is_text);

/* mr_world_live: one process from start to end. Memory that it leaves behind aborts. */
void mr_world_live(struct mr_world *world, const struct mr_fate *fate, struct mr_life *out_life);

/* What has to hold beyond that no id and no malformed record is twice and the log is right. */
enum {
    MR_AUDIT_COMPLETE = 1, /* every id and malformed record is there; nothing is open */
    MR_AUDIT_CLEAN = 2,    /* no file that nobody names: no power cut, no failed removal so far */
};

/* mr_world_audit: whether the disk holds what it should; false: world->why says what is wrong. */
bool mr_world_audit(struct mr_world *world, uint32_t claims);

#endif

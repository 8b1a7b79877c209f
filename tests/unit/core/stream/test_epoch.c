/* Shown: the epoch machine commits only after it prepared, prepares only after it opened, opens
 * only after the epoch before is committed, runs a cut epoch again with the same number and never
 * moves on after a failure, for 200,000 random but legal histories of 1 to 4 shards and 1 to 3
 * tables, in most of which an epoch is read ahead and meets a cut or a failure at any time; what it
 * meets counts after it was opened and not before, and an abort takes it away; recovery decides by
 * its table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "core/base/rng.h"
#include "core/stream/epoch.h"

/* What durable storage would hold, kept beside the machine and checked at every request. */
struct world {
    int64_t offsets, prepared, committed;
    uint32_t tables;
    uint32_t sealed;
    int64_t reading;     /* newest epoch that shards have begun and not given back */
    mr_ahead_state met;  /* by the shards of the epoch ahead */
    uint32_t opened;     /* epochs opened that had been ahead */
    uint32_t late_cuts;  /* of those, cut or failed when they were opened */
    uint32_t given_back; /* epochs ahead that an abort took away */
};

static void apply_request(struct world *w, const struct mr_epoch *e, mr_epoch_request request)
{
    switch (request) {
    case MR_EPOCH_DO_WRITE_OFFSETS:
        assert_int_equal(w->offsets, w->committed);
        assert_int_equal(e->number, w->offsets + 1);
        assert_true((e->early == MR_AHEAD_NONE) == (w->reading < e->number));
        w->reading = e->number;
        w->sealed = 0;
        break;
    case MR_EPOCH_DO_START_AHEAD:
        assert_int_equal(w->reading, e->number);
        assert_true(w->committed < e->number);
        w->reading++;
        w->met = MR_AHEAD_READING;
        break;
    case MR_EPOCH_DO_ABORT_SHARDS:
        assert_int_equal(e->ahead, MR_AHEAD_NONE);
        w->given_back += w->reading > e->number;
        w->reading = e->number - 1;
        w->met = MR_AHEAD_NONE;
        break;
    case MR_EPOCH_DO_START_SHARDS:
        assert_int_equal(e->number, w->offsets);
        assert_true(w->prepared < e->number);
        assert_true(w->met <= MR_AHEAD_READING);
        w->reading = e->number;
        w->sealed = 0;
        break;
    case MR_EPOCH_DO_WRITE_PREPARED: assert_int_equal(w->sealed, e->shard_count); break;
    case MR_EPOCH_DO_COMMIT_TABLES:
        assert_int_equal(w->prepared, e->number);
        w->tables = 0;
        break;
    case MR_EPOCH_DO_WRITE_COMMIT:
        assert_int_equal(w->prepared, e->number);
        assert_int_equal(w->tables, e->table_count);
        break;
    default: break;
    }
}

/* Now and then an event of the epoch ahead. */
static bool choose_ahead(struct mr_rng *rng, const struct mr_epoch *e, struct world *w,
                         mr_epoch_event *out_event)
{
    bool is_at_work = e->state >= MR_EPOCH_OPENED && e->state <= MR_EPOCH_COMMITTED;
    if (e->state == MR_EPOCH_PLANNED && e->early != MR_AHEAD_NONE && mr_rng_below(rng, 8) == 0) {
        bool is_cut = mr_rng_below(rng, 2) == 0;
        if (!is_cut || w->met == MR_AHEAD_READING) w->met = is_cut ? MR_AHEAD_CUT : MR_AHEAD_FAILED;
        *out_event = is_cut ? MR_EPOCH_EV_CUT : MR_EPOCH_EV_FAIL;
        return true;
    }
    if (!is_at_work || mr_rng_below(rng, 3) > 0) return false;
    if (e->ahead == MR_AHEAD_NONE) {
        *out_event = MR_EPOCH_EV_PLAN_AHEAD;
        return e->state == MR_EPOCH_OPENED;
    }
    switch (mr_rng_below(rng, 8)) {
    case 0: *out_event = MR_EPOCH_EV_AHEAD_FAIL; break;
    case 1:
    case 2: *out_event = MR_EPOCH_EV_AHEAD_CUT; break;
    case 3: *out_event = MR_EPOCH_EV_DROP_AHEAD; break;
    default: return false;
    }
    if (*out_event == MR_EPOCH_EV_AHEAD_FAIL) w->met = MR_AHEAD_FAILED;
    if (*out_event == MR_EPOCH_EV_AHEAD_CUT && w->met == MR_AHEAD_READING) w->met = MR_AHEAD_CUT;
    if (*out_event == MR_EPOCH_EV_DROP_AHEAD) {
        w->met = MR_AHEAD_NONE;
        w->reading = e->number;
    }
    return true;
}

/* What the shards met ahead of time is what opening the epoch asks for. */
static void check_opening(struct world *w, const struct mr_epoch *e, mr_epoch_request request)
{
    bool is_cut = w->met == MR_AHEAD_CUT, is_failed = w->met == MR_AHEAD_FAILED;
    assert_int_equal(request, is_cut || is_failed ? MR_EPOCH_DO_ABORT_SHARDS
                                                  : MR_EPOCH_DO_START_SHARDS);
    if (is_cut || is_failed) assert_true(e->is_cut == is_cut);
    w->opened += w->met != MR_AHEAD_NONE;
    w->late_cuts += is_cut || is_failed;
    w->met = MR_AHEAD_NONE;
}

/* A legal event for the state, chosen at random; the world changes as the event says. */
static mr_epoch_event choose_event(struct mr_rng *rng, const struct mr_epoch *e, struct world *w)
{
    bool is_bad = mr_rng_below(rng, 20) == 0;
    mr_epoch_event event;
    if (choose_ahead(rng, e, w, &event)) return event;
    switch (e->state) {
    case MR_EPOCH_IDLE: return MR_EPOCH_EV_PLAN;
    case MR_EPOCH_PLANNED:
        if (is_bad && e->early == MR_AHEAD_NONE) return MR_EPOCH_EV_FAIL;
        w->offsets = e->number;
        return MR_EPOCH_EV_OFFSETS_DONE;
    case MR_EPOCH_OPENED:
        if (is_bad) return mr_rng_below(rng, 2) == 0 ? MR_EPOCH_EV_FAIL : MR_EPOCH_EV_CUT;
        w->sealed++;
        return MR_EPOCH_EV_SHARD_SEALED;
    case MR_EPOCH_SEALED:
        if (is_bad) return MR_EPOCH_EV_FAIL;
        w->prepared = e->number;
        return MR_EPOCH_EV_PREPARED_DONE;
    case MR_EPOCH_PREPARED:
        if (is_bad && w->tables == 0) {
            w->prepared = e->number - 1;
            return MR_EPOCH_EV_WITHDRAWN;
        }
        w->tables++;
        return MR_EPOCH_EV_TABLE_DONE;
    case MR_EPOCH_COMMITTED: w->committed = e->number; return MR_EPOCH_EV_COMMIT_DONE;
    case MR_EPOCH_ABORTING: return is_bad ? MR_EPOCH_EV_FAIL : MR_EPOCH_EV_SHARD_ABORTED;
    case MR_EPOCH_FAILED: break;
    }
    fail();
    return MR_EPOCH_EV_FAIL;
}

static void test_random_histories(void **state)
{
    (void)state;
    struct mr_rng rng;
    mr_rng_init(&rng, 20261121);
    uint64_t commits = 0, failures = 0, opened = 0, late_cuts = 0, given_back = 0;
    for (int round = 0; round < 5000; round++) {
        struct world w = {.offsets = -1, .prepared = -1, .committed = -1, .reading = -1};
        struct mr_epoch e;
        struct mr_recovery next = {MR_RECOVERY_NEXT, 0};
        mr_epoch_init(&e, &next, 1 + (uint32_t)mr_rng_below(&rng, 4),
                      1 + (uint32_t)mr_rng_below(&rng, 3));
        for (int i = 0; i < 40 && e.state != MR_EPOCH_FAILED; i++) {
            bool could_fail = mr_epoch_can_fail(&e);
            mr_epoch_event event = choose_event(&rng, &e, &w);
            assert_true(event != MR_EPOCH_EV_FAIL || could_fail);
            mr_epoch_request request = mr_epoch_step(&e, event);
            if (event == MR_EPOCH_EV_OFFSETS_DONE) check_opening(&w, &e, request);
            apply_request(&w, &e, request);
            if (e.state == MR_EPOCH_IDLE) assert_true(w.reading < e.number);
            commits += event == MR_EPOCH_EV_COMMIT_DONE;
        }
        failures += e.state == MR_EPOCH_FAILED;
        opened += w.opened;
        late_cuts += w.late_cuts;
        given_back += w.given_back;
        /* Restart: the machine as recovery sees the world goes on with the right number. */
        struct mr_recovery recovery;
        assert_int_equal(mr_recovery_decide(w.offsets, w.prepared == w.offsets && w.offsets >= 0,
                                            w.committed, &recovery, NULL),
                         MR_OK);
        assert_true(recovery.epoch == w.committed + 1);
        assert_true((recovery.verb == MR_RECOVERY_FINISH) == (w.prepared > w.committed));
    }
    assert_true(commits > 1000 && failures > 100);
    assert_true(opened > 1000 && late_cuts > 100 && given_back > 100);
}

/* N + 1 meets a failure while N is prepared: N is committed, N + 1 is opened and then aborted. */
static void test_failure_ahead_waits(void **state)
{
    (void)state;
    struct mr_epoch e;
    struct mr_recovery next = {MR_RECOVERY_NEXT, 7};
    mr_epoch_init(&e, &next, 1, 1);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_PLAN), MR_EPOCH_DO_WRITE_OFFSETS);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_OFFSETS_DONE), MR_EPOCH_DO_START_SHARDS);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_PLAN_AHEAD), MR_EPOCH_DO_START_AHEAD);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_SHARD_SEALED), MR_EPOCH_DO_WRITE_PREPARED);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_PREPARED_DONE), MR_EPOCH_DO_COMMIT_TABLES);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_AHEAD_CUT), MR_EPOCH_DO_NOTHING);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_AHEAD_FAIL), MR_EPOCH_DO_NOTHING);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_AHEAD_CUT), MR_EPOCH_DO_NOTHING);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_TABLE_DONE), MR_EPOCH_DO_WRITE_COMMIT);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_COMMIT_DONE), MR_EPOCH_DO_WRITE_OFFSETS);
    assert_int_equal(e.number, 8);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_OFFSETS_DONE), MR_EPOCH_DO_ABORT_SHARDS);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_SHARD_ABORTED), MR_EPOCH_DO_STOP);
}

/* A prepared epoch is taken back: what was ahead goes with it, and both run again in order. */
static void test_withdrawn_takes_ahead(void **state)
{
    (void)state;
    struct mr_epoch e;
    struct mr_recovery rerun = {MR_RECOVERY_RERUN, 4};
    mr_epoch_init(&e, &rerun, 1, 1);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_OFFSETS_DONE), MR_EPOCH_DO_START_SHARDS);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_PLAN_AHEAD), MR_EPOCH_DO_START_AHEAD);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_SHARD_SEALED), MR_EPOCH_DO_WRITE_PREPARED);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_PREPARED_DONE), MR_EPOCH_DO_COMMIT_TABLES);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_WITHDRAWN), MR_EPOCH_DO_ABORT_SHARDS);
    assert_int_equal(e.ahead, MR_AHEAD_NONE);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_SHARD_ABORTED), MR_EPOCH_DO_START_SHARDS);
    assert_int_equal(e.number, 4);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_PLAN_AHEAD), MR_EPOCH_DO_START_AHEAD);
}

static void test_recovery_table(void **state)
{
    (void)state;
    struct mr_recovery r;
    assert_int_equal(mr_recovery_decide(-1, false, -1, &r, NULL), MR_OK);
    assert_true(r.verb == MR_RECOVERY_NEXT && r.epoch == 0);
    assert_int_equal(mr_recovery_decide(7, true, 7, &r, NULL), MR_OK);
    assert_true(r.verb == MR_RECOVERY_NEXT && r.epoch == 8);
    assert_int_equal(mr_recovery_decide(0, false, -1, &r, NULL), MR_OK);
    assert_true(r.verb == MR_RECOVERY_RERUN && r.epoch == 0);
    assert_int_equal(mr_recovery_decide(3, true, 2, &r, NULL), MR_OK);
    assert_true(r.verb == MR_RECOVERY_FINISH && r.epoch == 3);
    assert_int_equal(mr_recovery_decide(3, true, 1, &r, NULL), MR_E_CORRUPT);
    assert_int_equal(mr_recovery_decide(3, false, 4, &r, NULL), MR_E_CORRUPT);
    assert_int_equal(mr_recovery_decide(-1, false, 0, &r, NULL), MR_E_CORRUPT);
}

static void test_finish_and_rerun(void **state)
{
    (void)state;
    struct mr_epoch e;
    struct mr_recovery finish = {MR_RECOVERY_FINISH, 4}, rerun = {MR_RECOVERY_RERUN, 4};
    mr_epoch_init(&e, &finish, 2, 1);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_TABLE_DONE), MR_EPOCH_DO_WRITE_COMMIT);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_COMMIT_DONE), MR_EPOCH_DO_NOTHING);
    assert_int_equal(e.number, 5);
    mr_epoch_init(&e, &rerun, 2, 1);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_OFFSETS_DONE), MR_EPOCH_DO_START_SHARDS);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_CUT), MR_EPOCH_DO_ABORT_SHARDS);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_SHARD_ABORTED), MR_EPOCH_DO_NOTHING);
    assert_int_equal(mr_epoch_step(&e, MR_EPOCH_EV_SHARD_ABORTED), MR_EPOCH_DO_START_SHARDS);
    assert_int_equal(e.number, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories),
        cmocka_unit_test(test_recovery_table),
        cmocka_unit_test(test_finish_and_rerun),
        cmocka_unit_test(test_failure_ahead_waits),
        cmocka_unit_test(test_withdrawn_takes_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "core/pipeline/flow_setup_impl.h"
#include "core/port/zone_file.h"

static mr_status load_zone(struct mr_flow_setup *s, struct mr_span name,
                           const struct mr_zone **out_zone, struct mr_err *err)
{
    return mr_zone_load(s->env->io, &s->arena, s->env->zone_folder, name, out_zone, err);
}

mr_status mr_setup_zone_find(void *setup, struct mr_span name, const struct mr_zone **out_zone,
                             struct mr_err *err)
{
    return load_zone(setup, name, out_zone, err);
}

mr_status mr_setup_zones(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_span session =
        mr_dataset_setting(s->dataset, "spark.sql.session.timeZone", MR_SPAN("UTC"));
    MR_TRY(load_zone(s, session, &s->zone, err));
    s->read_zone = s->zone;
    if (mr_format_time_zone(&s->format)[0] == '\0') return MR_OK;
    struct mr_span name = mr_span_of(mr_format_time_zone(&s->format));
    mr_status status = load_zone(s, name, &s->read_zone, err);
    return mr_setup_locate(s, "timeZone", status, err);
}

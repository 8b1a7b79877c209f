/* The resolvers and evaluators that rows of functions.def name. */
#ifndef MR_CORE_EXPR_FAMILY_IMPL_H
#define MR_CORE_EXPR_FAMILY_IMPL_H

#include "core/expr/function.h"

/* resolve_number.c */
mr_resolve_fn mr_resolve_arithmetic, mr_resolve_unary, mr_resolve_round, mr_resolve_ln;

/* resolve.c */
mr_resolve_fn mr_resolve_compare, mr_resolve_distinct, mr_resolve_between, mr_resolve_greatest;
mr_resolve_fn mr_resolve_boolean, mr_resolve_is_null, mr_resolve_is_true, mr_resolve_isnan;
mr_resolve_fn mr_resolve_if, mr_resolve_coalesce, mr_resolve_nvl2, mr_resolve_nullif;
mr_resolve_fn mr_resolve_concat, mr_resolve_concat_ws, mr_resolve_clock, mr_resolve_date_trunc;
mr_resolve_fn mr_resolve_maybe_null, mr_resolve_to_time, mr_resolve_cast_call;

/* resolve_nested.c */
mr_resolve_fn mr_resolve_subscript, mr_resolve_size, mr_resolve_array, mr_resolve_map;
mr_resolve_fn mr_resolve_struct;

/* eval_number.c, eval_round.c */
mr_eval_fn mr_eval_arithmetic, mr_eval_unary, mr_eval_double, mr_eval_isnan, mr_eval_round;

/* eval_compare.c, eval_logic.c */
mr_eval_fn mr_eval_compare, mr_eval_same, mr_eval_greatest;
mr_eval_fn mr_eval_and, mr_eval_or, mr_eval_not, mr_eval_is_null, mr_eval_is_true;
mr_eval_fn mr_eval_coalesce;

/* eval_string.c, eval_like.c, eval_letter.c */
mr_eval_fn mr_eval_concat, mr_eval_concat_ws, mr_eval_change_case, mr_eval_length, mr_eval_octets;
mr_eval_fn mr_eval_substring, mr_eval_trim, mr_eval_contains, mr_eval_instr, mr_eval_replace;
mr_eval_fn mr_eval_like;
mr_prepare_fn mr_prepare_like;

/* eval_time.c */
mr_eval_fn mr_eval_clock, mr_eval_date_part, mr_eval_time_part, mr_eval_date_add;
mr_eval_fn mr_eval_datediff, mr_eval_add_months, mr_eval_last_day, mr_eval_date_trunc;
mr_eval_fn mr_eval_trunc, mr_eval_to_time;
mr_prepare_fn mr_prepare_to_time;

/* eval_nested.c */
mr_eval_fn mr_eval_subscript, mr_eval_size, mr_eval_array, mr_eval_map, mr_eval_struct;
mr_resolve_fn mr_resolve_list_value;
mr_resolve_fn mr_resolve_list_same;
mr_resolve_fn mr_resolve_list_set;
mr_resolve_fn mr_resolve_list_add;
mr_resolve_fn mr_resolve_list_extreme;
mr_resolve_fn mr_resolve_list_repeat;
mr_resolve_fn mr_resolve_flatten;
mr_resolve_fn mr_resolve_array_join;
mr_resolve_fn mr_resolve_arrays_zip;
mr_resolve_fn mr_resolve_sort_array;
mr_resolve_fn mr_resolve_map_part;
mr_resolve_fn mr_resolve_map_from_arrays;
mr_resolve_fn mr_resolve_map_from_entries;
mr_resolve_fn mr_resolve_map_concat;
mr_resolve_fn mr_resolve_map_contains;
mr_resolve_fn mr_resolve_transform;
mr_resolve_fn mr_resolve_filter;
mr_resolve_fn mr_resolve_aggregate;
mr_resolve_fn mr_resolve_zip_with;
mr_resolve_fn mr_resolve_array_sort;
mr_prepare_fn mr_prepare_lambda;
mr_eval_fn mr_eval_list_find;
mr_eval_fn mr_eval_list_pick;
mr_eval_fn mr_eval_list_set;
mr_eval_fn mr_eval_list_overlap;
mr_eval_fn mr_eval_list_add;
mr_eval_fn mr_eval_list_extreme;
mr_eval_fn mr_eval_list_repeat;
mr_eval_fn mr_eval_flatten;
mr_eval_fn mr_eval_array_join;
mr_eval_fn mr_eval_arrays_zip;
mr_eval_fn mr_eval_sort_array;
mr_eval_fn mr_eval_map_part;
mr_eval_fn mr_eval_map_entries;
mr_eval_fn mr_eval_map_from_arrays;
mr_eval_fn mr_eval_map_from_entries;
mr_eval_fn mr_eval_map_concat;
mr_eval_fn mr_eval_map_contains;
mr_eval_fn mr_eval_transform;
mr_eval_fn mr_eval_filter;
mr_eval_fn mr_eval_exists;
mr_eval_fn mr_eval_aggregate;
mr_eval_fn mr_eval_zip_with;
mr_eval_fn mr_eval_sort_by;
mr_eval_fn mr_eval_reverse;
mr_resolve_fn mr_resolve_pad;
mr_resolve_fn mr_resolve_hex;
mr_resolve_fn mr_resolve_row_hash;
mr_resolve_fn mr_resolve_typeof;
mr_resolve_fn mr_resolve_raise_error;
mr_resolve_fn mr_resolve_bits;
mr_resolve_fn mr_resolve_shift;
mr_resolve_fn mr_resolve_bit_count;
mr_eval_fn mr_eval_repeat;
mr_eval_fn mr_eval_pad;
mr_eval_fn mr_eval_translate;
mr_eval_fn mr_eval_initcap;
mr_eval_fn mr_eval_locate;
mr_eval_fn mr_eval_substring_index;
mr_eval_fn mr_eval_split_part;
mr_eval_fn mr_eval_overlay;
mr_eval_fn mr_eval_ascii;
mr_eval_fn mr_eval_chr;
mr_eval_fn mr_eval_space;
mr_eval_fn mr_eval_levenshtein;
mr_eval_fn mr_eval_soundex;
mr_eval_fn mr_eval_find_in_set;
mr_eval_fn mr_eval_bit_length;
mr_eval_fn mr_eval_hex;
mr_eval_fn mr_eval_unhex;
mr_eval_fn mr_eval_base64;
mr_eval_fn mr_eval_unbase64;
mr_eval_fn mr_eval_encode;
mr_eval_fn mr_eval_digest;
mr_eval_fn mr_eval_crc32;
mr_eval_fn mr_eval_row_hash;
mr_eval_fn mr_eval_url_encode;
mr_eval_fn mr_eval_url_decode;
mr_eval_fn mr_eval_raise_error;
mr_eval_fn mr_eval_assert_true;
mr_eval_fn mr_eval_bit_two;
mr_eval_fn mr_eval_bit_not;
mr_eval_fn mr_eval_shift;
mr_eval_fn mr_eval_bit_count;
mr_eval_fn mr_eval_bit_get;
mr_eval_fn mr_eval_bin;
mr_eval_fn mr_eval_conv;
mr_eval_fn mr_eval_log;
mr_eval_fn mr_eval_math_two;
mr_eval_fn mr_eval_math_constant;
mr_eval_fn mr_eval_factorial;
mr_eval_fn mr_eval_width_bucket;
mr_eval_fn mr_eval_math;
mr_resolve_fn mr_resolve_decode;
mr_eval_fn mr_eval_decode;
mr_resolve_fn mr_resolve_regexp;
mr_prepare_fn mr_prepare_regex;
mr_eval_fn mr_eval_rlike;
mr_eval_fn mr_eval_regexp_extract;
mr_eval_fn mr_eval_regexp_extract_all;
mr_eval_fn mr_eval_regexp_replace;
mr_eval_fn mr_eval_regexp_count;
mr_eval_fn mr_eval_regexp_substr;
mr_eval_fn mr_eval_split;
mr_resolve_fn mr_resolve_localtimestamp;
mr_resolve_fn mr_resolve_date_add;
mr_resolve_fn mr_resolve_time_unit;
mr_resolve_fn mr_resolve_from_unixtime;
mr_resolve_fn mr_resolve_unix_timestamp;
mr_resolve_fn mr_resolve_to_timestamp_ntz;
mr_resolve_fn mr_resolve_second_fraction;
mr_resolve_fn mr_resolve_of_unix;
mr_resolve_fn mr_resolve_make_timestamp;
mr_resolve_fn mr_resolve_date_part;
mr_resolve_fn mr_resolve_shift_zone;
mr_resolve_fn mr_resolve_convert_zone;
mr_prepare_fn mr_prepare_time_format;
mr_eval_fn mr_eval_timestamp_add;
mr_eval_fn mr_eval_timestamp_diff;
mr_eval_fn mr_eval_date_format;
mr_eval_fn mr_eval_week_part;
mr_eval_fn mr_eval_second_fraction;
mr_eval_fn mr_eval_same_number;
mr_eval_fn mr_eval_unix_number;
mr_eval_fn mr_eval_of_unix;
mr_eval_fn mr_eval_months_between;
mr_eval_fn mr_eval_next_day;
mr_eval_fn mr_eval_make_date;
mr_eval_fn mr_eval_make_timestamp;
mr_eval_fn mr_eval_shift_zone;
mr_eval_fn mr_eval_convert_zone;
mr_resolve_fn mr_resolve_from_json;
mr_resolve_fn mr_resolve_to_json;
mr_resolve_fn mr_resolve_schema_of_json;
mr_resolve_fn mr_resolve_json_keys;
mr_prepare_fn mr_prepare_json_path;
mr_eval_fn mr_eval_from_json;
mr_eval_fn mr_eval_to_json;
mr_eval_fn mr_eval_get_json_object;
mr_eval_fn mr_eval_json_array_length;
mr_eval_fn mr_eval_json_object_keys;

/* resolve_interval.c: arithmetic with an interval, and the difference of two times. */
mr_resolve_fn mr_interval_arithmetic, mr_time_difference;
mr_eval_fn mr_eval_interval_unary;
mr_resolve_fn mr_resolve_time_plus;
mr_resolve_fn mr_resolve_time_minus;
mr_resolve_fn mr_resolve_interval_sum;
mr_resolve_fn mr_resolve_interval_scale;
mr_resolve_fn mr_resolve_make_interval;
mr_resolve_fn mr_resolve_interval_part;
mr_eval_fn mr_eval_time_plus;
mr_eval_fn mr_eval_time_minus;
mr_eval_fn mr_eval_interval_sum;
mr_eval_fn mr_eval_interval_scale;
mr_eval_fn mr_eval_make_interval;
mr_eval_fn mr_eval_interval_part;

#endif

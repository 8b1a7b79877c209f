"""The tables of docs/performance.md, made from the JSON lines in build-bench.

A table stands between <!-- begin NAME --> and <!-- end NAME -->; what the lines of its kind do not
tell is left out, and without any the table stays as it is.
"""
import os
import re

import measure

PAGE = os.path.join(measure.ROOT, "docs", "performance.md")


def number(value):
    """Three digits that count, and thousands whole."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def median_of(spread):
    """"median (min to max)"."""
    return f"{number(spread['median'])} ({number(spread['min'])} to {number(spread['max'])})"


def spread_of(line, name):
    return {which: line[f"{name}_{which}"] for which in ("min", "median", "max")}


def table(head, rows):
    lines = ["| " + " | ".join(map(str, head)) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def origin(lines):
    """Where and of what the figures are."""
    last = lines[-1]
    more = [last[key] for key in ("compiler", "flags") if key in last]
    if "load" in last:
        more.append(f"load {last['load']:.1f} before it")
    return f"\n\nOn {'; '.join([last['machine'], *more, 'commit ' + last['commit']])}."


def of_bench(lines, name):
    return [line for line in lines if line["bench"] == name]


def kernels(lines):
    lines = of_bench(lines, "json")
    rows = [[line["work"], line["what"], line["isa"], median_of(spread_of(line, "mb_s")),
             f"{line['structural']:.1%}", f"{line['escapes']:.2%}", f"{line['wide']:.2%}"]
            for line in lines]
    return table(["work", "what", "instructions", "MB a CPU-second", "structural", "escapes",
                  "not ASCII"], rows) + origin(lines)


def stages(lines):
    lines = of_bench(lines, "path")
    rows = [[line["work"], line["codec"], median_of(spread_of(line, "mb_s")),
             median_of(spread_of(line, "decode_s_gb")), median_of(spread_of(line, "encode_s_gb")),
             f"{line['file_bytes'] / line['bytes']:.3f}"] for line in lines]
    return table(["work", "codec", "MB a CPU-second", "decode, CPU-s a GB",
                  "encode and codec, CPU-s a GB", "file bytes a byte of JSON"],
                 rows) + origin(lines)


def segments(lines):
    lines = of_bench(lines, "segment")
    rows = [[line["case"], line["codec"], f"{number(line['ns_per_value_min'])} to "
             f"{number(line['ns_per_value_max'])}", f"{line['bytes']:,}"] for line in lines]
    return table(["column", "codec", "ns a value", "bytes"], rows) + origin(lines)


def roofline(lines):
    rows = []
    for line in lines:
        if line["bench"] == "roofline" and line["what"] == "memcpy":
            rows.append([f"copying {line['bytes'] >> 10:,} KiB of memory",
                         median_of(spread_of(line, "gb_s")) + " GB a CPU-second"])
        elif line["bench"] == "roofline":
            what = {"sync": "4 KiB appended and synced",
                    "commit": "4 KiB in a new file, synced, linked, folder synced"}[line["what"]]
            rows.append([what, median_of(spread_of(line, "ms")) + " ms"])
        elif line["bench"] == "json":
            rows.append([f"structural index of {line['work']}, {line['isa']}",
                         median_of(spread_of(line, "mb_s")) + " MB a CPU-second"])
        elif line["bench"] == "path":
            rows.append([f"zstd-1 of the pages of {line['work']} alone",
                         median_of(spread_of(line, "zstd_s_gb")) + " CPU-s a GB of JSON"])
    return table(["what", "measured"], rows) + origin(lines)


def versions_of(lines):
    found = {"millrace-every-page": "millrace, every page"}
    packages = {"duckdb": ("DuckDB", "duckdb"), "datafusion": ("DataFusion", "datafusion"),
                "clickhouse": ("ClickHouse (chdb)", "chdb"), "polars": ("Polars", "polars"),
                "deltalake": ("pyarrow and delta-rs", "deltalake"), "spark": ("Spark", "pyspark")}
    for engine, (name, package) in packages.items():
        version = lines[-1].get("versions", {}).get(package, "")
        found[engine] = f"{name} {version}".strip()
    return found


def peers(what):
    def make(lines):
        lines = [line for line in of_bench(lines, "peers") if line["what"] == what]
        names = versions_of(lines)
        own = {line["engine"]: line["mb_per_cpu_s"]["median"] for line in lines}
        rows = []
        for line in lines:
            ratio = own["millrace"] / line["mb_per_cpu_s"]["median"] if "millrace" in own else 0
            rows.append([names.get(line["engine"], line["engine"]),
                         median_of(line["mb_per_cpu_s"]), number(ratio),
                         median_of(line["wall_s"]), number(line["start_cpu_s"]),
                         f"{line['file_bytes'] / line['bytes']:.3f}"])
        any_line = lines[0]
        return (table(["engine", "MB a CPU-second, start taken off", "millrace is faster by",
                       "wall s", "start, CPU-s", "file bytes a byte of JSON"], rows) +
                f"\n\n{any_line['bytes'] / 1e6:,.0f} MB of {any_line['work']}, "
                f"{any_line['rows']:,} rows out, {any_line['cores']} cores, "
                f"rounds: {any_line['rounds']}." + origin(lines))
    return make


def shards(lines):
    lines = of_bench(lines, "shards")
    rows = [[versions_of(lines).get(line["engine"], line["engine"]), median_of(line["one_wall_s"]),
             median_of(line["all_wall_s"]), median_of(line["times"])] for line in lines]
    return table(["engine", "one core, s", f"{lines[0]['cores']} cores, s", "times the work"],
                 rows) + origin(lines)


def latency(lines):
    names = {"millrace": "millrace, continuous", "deltalake": "delta-rs, the append call alone",
             "spark": "Spark stream to Delta"}
    rows = [[names[line["engine"]], number(line["p50_ms"]), number(line["p99_ms"]),
             number(line["max_ms"]), number(line["cpu_s"])] for line in lines]
    return table(["engine", "P50 ms", "P99 ms", "max ms", "CPU-s of the run"],
                 rows) + origin(lines)


def where(lines):
    rows = []
    for line in lines:
        shares = line["shares"]
        rows.append([line["work"], line["what"], *(
            f"{100 * shares.get(part, 0):.0f} %" for part in (
                "decode", "operators", "encode", "codec", "libc", "I/O", "page faults", "rest"))])
    return table(["work", "what", "decode", "operators", "encode", "codec", "C library",
                  "I/O", "page faults", "rest"], rows) + origin(lines)


CURVES = {"text": "bytes of a string", "fields": "fields of a record",
          "escapes": "percent of escapes", "shuffle": "percent of shuffled records",
          "distinct": "different values (0: all)", "shards": "shards",
          "files": "files of the same bytes", "epochs": "rows an epoch, of 256 files in all"}
UNITS = [("mb_s", "reader, MB a CPU-second"), ("encode_s_gb", "encoder, CPU-s a GB of JSON"),
         ("mb_per_cpu_s", "MB a CPU-second"), ("mb_per_s", "MB a second")]


def curves(lines):
    parts = []
    for name, title in CURVES.items():
        points = [line for line in lines if line["curve"] == name]
        if not points:
            continue
        rows = []
        for key, unit in UNITS:
            if key in points[0]:
                rows.append([unit, *(median_of(point[key]) for point in points)])
        labels = [f"{point.get('label', point['point']):,}" for point in points]
        parts.append(table([title, *labels], rows))
    return "\n\n".join(parts) + origin(lines)


def first(lines, **wanted):
    """The last line with these values, or an IndexError."""
    return [line for line in lines if all(line.get(k) == v for k, v in wanted.items())][-1]


def reader_of(work):
    return lambda: first(measure.read_results("kernels"), bench="json", what="reader",
                         work=work)["mb_s_median"]


def peers_rate(engine, what="table", kind="peers"):
    return lambda: first(measure.read_results(kind), bench="peers", what=what,
                         engine=engine)["mb_per_cpu_s"]["median"]


def peers_ratio(engine, others):
    """How many times the best of the others."""
    def ratio():
        lines = [line for line in of_bench(measure.read_results("peers"), "peers")
                 if line["what"] == "table" and line["engine"] in others]
        best = max([line["mb_per_cpu_s"]["median"] for line in lines] or [first([])])
        return peers_rate(engine)() / best
    return ratio


def latency_of(which):
    return lambda: first(measure.read_results("latency"), engine="millrace")[which]


def scaling():
    line = first(measure.read_results("peers"), bench="shards", engine="millrace")
    return line["times"]["median"]


OTHERS = ("duckdb", "datafusion", "clickhouse", "deltalake", "polars", "spark")
EVERY = "millrace-every-page"
# What is wanted, of what unit, and how it is read; a negative number is a bound from above.
TARGETS = [
    ("reader, W1", 2500, "MB a CPU-second", reader_of("w1")),
    ("reader, W2", 1700, "MB a CPU-second", reader_of("w2")),
    ("reader, W3", 4500, "MB a CPU-second", reader_of("w3")),
    ("reader, W4", 1000, "MB a CPU-second", reader_of("w4")),
    ("reader, W5", 800, "MB a CPU-second", reader_of("w5")),
    ("reader, clickstream", 1500, "MB a CPU-second", reader_of("clickstream")),
    ("table, clickstream, default", 850, "MB a CPU-second", peers_rate("millrace")),
    ("table, clickstream, every page", 650, "MB a CPU-second", peers_rate(EVERY)),
    ("table, W1, default", 1200, "MB a CPU-second", peers_rate("millrace", kind="peers-w1")),
    ("table, W1, every page", 900, "MB a CPU-second", peers_rate(EVERY, kind="peers-w1")),
    ("table, default, against the best peer", 4, "times", peers_ratio("millrace", OTHERS)),
    ("table, every page, against the best peer", 3.3, "times", peers_ratio(EVERY, OTHERS)),
    ("table, default, against Spark", 15, "times", peers_ratio("millrace", ("spark",))),
    ("filter and project", 2000, "MB a CPU-second", peers_rate("millrace", "filter")),
    ("two shards against one", 1.85, "times", scaling),
    ("rename to version, P50", -5, "ms", latency_of("p50_ms")),
    ("rename to version, P99", -25, "ms", latency_of("p99_ms")),
]


def is_quick():
    """Whether the last run was only to see that it works."""
    lines = of_bench(measure.read_results("peers"), "peers")
    return not lines or lines[-1]["rounds"] < 3 or lines[-1]["bytes"] < 1000000000


def targets(_):
    rows = []
    note = ""
    if is_quick():
        note = ("\n\n**These are figures of a quick run: small inputs, few rounds, perhaps a busy "
                "machine. They show that the harness works and are no claim; Spark's are those of "
                "its warming up.**")
    for name, wanted, unit, read in TARGETS:
        bound = f"{'at most' if wanted < 0 else 'at least'} {number(abs(wanted))} {unit}"
        try:
            got = read()
        except IndexError:
            rows.append([name, bound, "not measured", ""])
            continue
        is_met = got <= -wanted if wanted < 0 else got >= wanted
        rows.append([name, bound, number(got), "met" if is_met else "missed"])
    return table(["what", "target", "measured, median", ""], rows) + note


# By the name in the page: the kind of lines it is made from, and how.
TABLES = {
    "kernels": ("kernels", kernels), "stages": ("kernels", stages),
    "segments": ("kernels", segments), "roofline": ("roofline", roofline),
    "table": ("peers", peers("table")), "filter": ("peers", peers("filter")),
    "w1": ("peers-w1", peers("table")), "shards": ("peers", shards),
    "latency": ("latency", latency), "where": ("where", where), "curves": ("curves", curves),
    "targets": ("kernels", targets),
}


def rewrite(page, name, text):
    """The page with `text` between the marks of `name`."""
    marks = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.S)
    if not marks.search(page):
        raise RuntimeError(f"{os.path.relpath(PAGE, measure.ROOT)} has no marks of {name}")
    return marks.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page)


def refresh():
    """Rewrites the tables for which there are results."""
    with open(PAGE, encoding="utf-8") as f:
        page = f.read()
    for name, (kind, make) in TABLES.items():
        lines = measure.read_results(kind)
        if not lines:
            continue
        try:
            page = rewrite(page, name, make(lines))
        except IndexError:
            print(f"tables: no results for {name}, it stays as it is")
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(page)

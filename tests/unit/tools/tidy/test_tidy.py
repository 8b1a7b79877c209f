#!/usr/bin/env python3
"""Shown: each rule of tools/tidy finds the fault it is for, at the right line, and code that keeps
the rules passes. Each case is a small tree in a temporary folder."""
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../../tools/tidy"))
import tidy  # noqa: E402

LATER = "TO" + "DO"


def guarded(path, body=""):
    name = "MR_" + path[:-2].replace("/", "_").replace(".", "_").upper() + "_H"
    return f"#ifndef {name}\n#define {name}\n{body}#endif\n"


def found(files):
    """The findings for a tree of these files, as (path, line, rule), without READMEs and builds."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
        tree = tidy.check_tree(root)
    return [(p, n, rule) for p, n, rule, _ in tree.findings if rule not in ("readme", "not-built")]


BASE_H = {"core/base/span.h": guarded("core/base/span.h")}


class Tidy(unittest.TestCase):
    def one(self, path, text, rule, line=1, others=None):
        """`text` at `path` has exactly this finding."""
        self.assertEqual(found({**(others or {}), path: text}), [(path, line, rule)])

    def none(self, path, text, others=None):
        self.assertEqual(found({**(others or {}), path: text}), [])

    def include(self, path, target):
        others = {target: guarded(target)}
        return found({**others, path: f'#include "{target}"\n'})

    def test_tiers(self):
        refused = [
            ("core/base/a.c", "core/mem/b.h"), ("core/mem/a.c", "core/schema/b.h"),
            ("core/format/json/a.c", "core/format/parquet/b.h"), ("core/port/a.c", "io/posix/b.h"),
            ("core/ops/a.c", "core/checkpoint/b.h"), ("kernels/json/a.c", "core/mem/b.h"),
            ("kernels/json/a.c", "kernels/text/b.h"), ("io/posix/a.c", "io/uring/b.h"),
            ("io/posix/a.c", "io/fault/b.h"), ("io/files/a.c", "core/stream/b.h"),
            ("core/stream/a.c", "tools/gen/b.h"), ("core/table/a.c", "core/catalog/b.h"),
            ("numa/a.c", "core/mem/b.h"), ("core/stream/a.c", "tests/support/b.h"),
        ]
        for path, target in refused:
            self.assertEqual(self.include(path, target), [(path, 1, "tier")], (path, target))

    def test_allowed_tiers(self):
        allowed = [
            ("core/mem/a.c", "core/base/b.h"), ("core/schema/a.c", "core/doc/b.h"),
            ("core/mem/a.c", "kernels/hash/b.h"), ("kernels/json/a.c", "kernels/isa/b.h"),
            ("io/fault/a.c", "io/posix/b.h"), ("io/posix/a.c", "core/shard/b.h"),
            ("core/table/a.c", "core/format/delta/b.h"), ("tools/millrace/a.c", "io/uring/b.h"),
            ("tests/unit/a.c", "core/stream/b.h"), ("core/pipeline/a.c", "core/stream/b.h"),
        ]
        for path, target in allowed:
            self.assertEqual(self.include(path, target), [], (path, target))

    def test_include_forms(self):
        self.one("core/base/x.c", '\n#include "span.h"\n', "include-root", 2, BASE_H)
        self.one("core/base/x.c", '#include "core/base/gone.h"\n', "include-unknown")
        self.one("core/odd/x.c", '#include "core/base/span.h"\n', "tier-unknown", 1, BASE_H)
        impl = {"core/mem/y_impl.h": guarded("core/mem/y_impl.h")}
        self.one("core/doc/x.c", '#include "core/mem/y_impl.h"\n', "include-impl", 1, impl)
        self.none("core/mem/x.c", '#include "core/mem/y_impl.h"\n', impl)
        self.none("core/sql/x.c", '#include "core/sql/z.h"\n', {"core/sql/z.y": ""})

    def test_packages(self):
        self.one("core/port/x.c", "#include <liburing.h>\n", "package")
        self.one("core/port/x.c", "#include <zstd.h>\n", "package")
        self.one("core/port/x.c", "#include <surprise/surprise.h>\n", "package")
        self.none("io/uring/x.c", "#include <liburing.h>\n#include <sys/stat.h>\n")
        self.none("core/pipeline/x.c", "#include <yaml.h>\n")

    def test_calls(self):
        calls = ["open(p, 0)", "read(f, b, n)", "fsync(f)", "rename(a, b)", "link(a, b)",
                 "stat(p, s)", "time(0)", "clock_gettime(0, t)", "gettimeofday(t, 0)",
                 "rand()", "random()",
                 "getrandom(b, n, 0)", "pthread_create(t, 0, f, 0)", "usleep(1)", "nanosleep(a, b)",
                 "malloc(1)", "free(p)", "getenv(n)", 'printf("x")', "strcat(a, b)"]
        for call in calls:
            text = f"void mr_x(void)\n{{\n    {call};\n}}\n"
            self.one("core/stream/x.c", text, "call", 3)
        self.none("io/posix/x.c", "void mr_x(void)\n{\n    open(p, 0);\n    free(p);\n}\n")
        self.none("core/shard/x.c", "void mr_x(void)\n{\n    pthread_create(t, 0, f, 0);\n}\n")
        self.none("core/port/x.c", "void mr_x(void)\n{\n    io->open(p);\n    io.stat(1);\n"
                  "    file_open(1);\n    /* open(2) */\n    f(\"open(2)\");\n}\n")

    def test_sizes(self):
        body = "    x();\n"
        self.one("core/base/x.c", "void f(void)\n{\n" + body * 71 + "}\n", "function-length", 2)
        self.none("core/base/x.c", "void f(void)\n{\n" + body * 70 + "}\n")
        self.none("core/base/x.c", "/* tidy: long: a table */\nvoid f(void)\n{\n" + body * 90 +
                  "}\n")
        self.one("core/base/x.c", "/* */\n" * 801, "file-length")
        self.one("core/base/x.h", guarded("core/base/x.h", "/* */\n" * 250), "file-length")
        self.none("core/base/x.c", "/* tidy: long: a table */\n" + "/* */\n" * 900)
        self.one("core/base/x.c", "\n/* " + "x" * 100 + " */\n", "columns", 2)

    def test_lines(self):
        self.one("core/base/x.c", f"/* {LATER}: later */\n", "todo")
        self.one("docs/x.md", f"{LATER}\n", "todo")
        self.one("core/base/x.c", "/* see /" + "home/me/x */\n", "absolute-path")
        self.one("core/base/x.c", 'const char *const p = "/' + 'tmp/x";\n', "absolute-path")
        self.one("core/base/x.c", "int mr_x(void); \n", "blanks")
        self.one("core/base/x.c", "\tint mr_x(void);\n", "blanks")
        self.one("core/base/x.c", "int mr_x(void);", "blanks")
        self.one("core/base/x.c", "int mr_x(void); // x\n", "comment")
        self.none("core/base/x.c", '/* http://a */\nconst char *const p = "http://a";\n')

    def test_names_and_guards(self):
        self.one("core/base/x.h", "int mr_x(void);\n", "guard")
        self.one("core/base/x.h", "#ifndef X_H\n#define X_H\n#endif\n", "guard")
        self.one("core/mem/x.c", "", "unique-name", 1, {"core/base/x.c": ""})
        self.one("core/base/x.c", "typedef struct a {\n    int b;\n} a;\n", "typedef")

    def test_state(self):
        self.one("core/base/x.c", "static int count;\n", "state")
        self.one("core/base/x.c", "static char text[4] = {0};\n", "state")
        self.one("core/base/x.c", "void f(void)\n{\n    static int count = 0;\n}\n", "state", 3)
        self.one("core/base/x.c", "int count = 1;\n", "state")
        self.none("core/base/x.c", "static const int count = 1;\nstatic int f(void);\n"
                  "static const char *const names[] = {0};\nconst int a = 2;\n"
                  "static int g(int a)\n{\n    int b = a;\n    return b;\n}\n")

    def test_errors(self):
        declared = {"core/base/errors_sql.def": 'MR_ERROR(1001, "a", "b")\n'}
        use = "int x(void)\n{\n    return mr_err_set(err, MR_E_TYPE, %s, \"t\");\n}\n"
        self.one("core/sql/x.c", use % "1002", "error-code", 3, declared)
        self.none("core/sql/x.c", use % "1001", declared)
        twice = 'MR_ERROR(1001, "a", "b")\nMR_ERROR(1001, "c", "d")\n'
        self.one("core/base/errors_sql.def", twice, "error-code", 2)

    def test_not_built(self):
        files = {"core/base/a.c": "", "core/base/b.c": "", "core/base/meson.build": "lib('a.c')\n"}
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                    f.write(text)
            rules = [(p, r) for p, _, r, _ in tidy.check_tree(root).findings]
        self.assertIn(("core/base/b.c", "not-built"), rules)
        self.assertNotIn(("core/base/a.c", "not-built"), rules)
        self.assertIn(("core/README.md", "readme"), rules)


if __name__ == "__main__":
    unittest.main()

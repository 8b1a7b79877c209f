#!/usr/bin/env python3
"""Checks the tree against the project's style: tools/tidy/tidy.py [ROOT].

What a person would otherwise have to watch for: the order of tiers that includes must follow, who
may call the operating system, which folder owns which external package, sizes of files and
functions, names, header guards. Each finding is one line `file:line: rule: what`; the exit code
is 1 when there are any. The tables below are the rules; a new folder, package or exception is a
row here, with its reason in the commit.

Needs Python 3.9 and nothing else.
"""
import os
import re
import subprocess
import sys

# Folders in tier order: each line sees all lines above it. Folders of one line are blind to each
# other. `core/mem`, `core/doc` and `core/table`: see docs/decisions.md.
CORE_ORDER = [
    ["core/base"],
    ["numa", "kernels"],
    ["core/mem"],
    ["core/doc"],
    ["core/schema"],
    ["core/batch"],
    ["core/obs"],
    ["core/port"],
    ["core/shard"],
    ["core/expr"],
    ["core/format/json", "core/format/csv", "core/format/text", "core/format/binary",
     "core/format/parquet", "core/format/delta", "core/format/avro"],
    ["core/state"],
    ["core/ops", "core/checkpoint"],
    ["core/table"],
    ["core/catalog"],
    ["core/sql"],
    ["core/plan"],
    ["core/query"],
    ["core/stream"],
    ["core/pipeline"],
]
IO_ORDER = [
    ["io/posix"],  # its crew performs what a ring cannot
    ["io/uring"],
    ["io/fault"],
    ["io/store"],
    ["io/files", "io/kafka", "io/dpdk", "io/net"],
    ["io/admin"],
]
IO_SEES_UP_TO = "core/expr"
KERNELS_SEE = ("core/base", "kernels/isa")
SEES_ALL = ("tools", "bench", "tests")

# External headers, the folder that may include them. Tests may include any.
PACKAGES = [
    (r"liburing", "io/uring"),
    (r"rte_", "io/dpdk"),
    (r"hwloc", "numa"),
    (r"(isa-l|igzip_lib|crc\.h|zstd|zdict|lz4|snappy|brotli)", "kernels/codec"),
    (r"xxhash", "kernels/hash"),
    (r"pcre2", "core/expr"),
    (r"librdkafka/", "io/kafka"),
    (r"sqlite3", "io/files"),
    (r"yaml\.h", "core/pipeline"),
    (r"pcre2", "core/expr"),
    (r"curl/", "io/store"),
    (r"(microhttpd|openssl/)", "io/net"),
    (r"(editline/|histedit)", "tools/millrace"),
    (r"cmocka", "tests"),
    (r"malloc\.h", "bench"),
]
STANDARD = set("""
    assert.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h math.h setjmp.h
    signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h
    stdnoreturn.h string.h strings.h threads.h time.h
    dirent.h dlfcn.h endian.h fcntl.h fnmatch.h ftw.h getopt.h glob.h grp.h libgen.h mntent.h poll.h
    pthread.h pwd.h sched.h semaphore.h spawn.h syslog.h termios.h unistd.h cpuid.h immintrin.h
    x86intrin.h nmmintrin.h wmmintrin.h arm_neon.h arm_acle.h
""".split())
STANDARD_FOLDERS = ("sys/", "linux/", "asm/", "netinet/", "arpa/", "sanitizer/")

# Direct calls and who may make them; everybody else goes through core/port and core/mem.
OUTSIDE = ("io", "numa", "tools", "bench", "tests")
CALLS = [
    ("file", OUTSIDE, """open openat openat2 creat read pread readv preadv write pwrite writev
        pwritev fopen fdopen freopen fread fwrite fgets fscanf close fclose fsync fdatasync syncfs
        sync_file_range stat lstat fstat fstatat statx statfs statvfs rename renameat renameat2
        link linkat symlink unlink unlinkat remove mkdir mkdirat rmdir mkstemp mkdtemp tmpfile
        truncate ftruncate fallocate posix_fallocate opendir fdopendir readdir scandir nftw glob
        realpath access faccessat flock lockf fcntl ioctl inotify_init inotify_init1
        inotify_add_watch socket connect bind listen accept accept4 recv recvfrom recvmsg send
        sendto sendmsg poll ppoll epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd
        timerfd_create io_uring_setup io_uring_enter syscall"""),
    ("clock", OUTSIDE, "time clock clock_gettime clock_nanosleep gettimeofday timespec_get"),
    ("randomness", OUTSIDE, "rand srand rand_r random srandom drand48 getrandom getentropy"),
    ("sleep", OUTSIDE, "sleep usleep nanosleep alarm setitimer pause sched_yield"),
    ("thread", OUTSIDE + ("core/shard",), "pthread_create pthread_join thrd_create fork vfork clone"
     " execve execvp posix_spawn system popen"),
    ("lock", OUTSIDE + ("core/shard",), "pthread_mutex_lock pthread_cond_wait pthread_rwlock_rdlock"
     " pthread_rwlock_wrlock mtx_lock sem_wait"),
    ("allocation", OUTSIDE + ("core/mem/heap.c",), "malloc calloc realloc reallocarray free strdup"
     " strndup asprintf vasprintf posix_memalign aligned_alloc memalign mmap munmap alloca"),
    ("output", ("tools", "bench", "tests", "core/base/assert.c"), "printf fprintf vprintf vfprintf"
     " puts fputs putchar fputc perror"),
    ("environment", ("tools", "bench", "tests"), "getenv secure_getenv setenv putenv setlocale"),
    ("unsafe", ("tests",), "gets sprintf vsprintf strcat strtok atoi atol atof tmpnam mktemp"),
]

LIMITS = {".h": 250, ".c": 800, ".def": 800, ".re": 800, ".y": 800}
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
SOURCES = (".c", ".h", ".def", ".re", ".y")
TEXTS = SOURCES + (".py", ".sh", ".build", ".md", ".yml", ".yaml", ".toml", ".sql", ".xml", ".txt")
MACHINE_PATH = re.compile(r"(?<![\w.$}*/-])/(home|work|root|mnt)/\w")
MACHINE_PATH_C = re.compile(r'"(file://)?/(tmp|var|usr|opt|srv|etc|home|work|root|mnt)/')
TOP_FOLDERS = ("core", "kernels", "numa", "io", "tools", "tests", "bench", "docs", "examples")


class Tree:
    """The files of the project and the findings about them."""

    def __init__(self, root):
        self.root = root
        self.findings = []
        self.paths = sorted(p for p in list_files(root) if os.path.isfile(os.path.join(root, p)))
        self.known = set(self.paths)

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def add(self, path, line, rule, what):
        self.findings.append((path, line, rule, what))


def list_files(root):
    """What git tracks or would track; without git everything that is not a build folder."""
    try:
        out = subprocess.run(["git", "-C", root, "ls-files", "-coz", "--exclude-standard"],
                             capture_output=True, check=True).stdout
        return [p for p in out.decode().split("\0") if p]
    except (OSError, subprocess.CalledProcessError):
        found = []
        for folder, folders, files in os.walk(root):
            folders[:] = [d for d in folders if not d.startswith((".", "build", "__"))]
            found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
        return found


def within(path, folders):
    return any(path == f or path.startswith(f + "/") for f in folders)


def blank(text, match):
    """The match with everything but line ends replaced by spaces."""
    return re.sub(r"[^\n]", " ", match.group(0))


STRING = r'"(?:\\.|[^"\\\n])*"'
CHAR = r"'(?:\\.|[^'\\\n])*'"
COMMENT = r"/\*.*?\*/"
TOKENS = re.compile("|".join((COMMENT, STRING, CHAR)), re.S)


def without_comments(text):
    keep = lambda m: blank(text, m) if m.group(0).startswith("/*") else m.group(0)
    return TOKENS.sub(keep, text)


def without_comments_and_strings(text):
    return TOKENS.sub(lambda m: blank(text, m), text)


def folder_of(path):
    """The unit of the tier order that a path belongs to."""
    parts = path.split("/")
    if parts[0] == "core" and len(parts) > 2 and parts[1] == "format":
        return "/".join(parts[:3])
    if parts[0] in ("core", "kernels", "io"):
        return "/".join(parts[:2])
    return parts[0]


def rank(order, folder):
    for i, row in enumerate(order):
        if folder in row or folder.split("/")[0] in row:
            return i
    return None


def may_include(own, other):
    """Whether folder `own` may include from folder `other`; None when a folder has no tier."""
    if own == other or own in SEES_ALL:
        return True
    if other in SEES_ALL:
        return False
    if own.startswith("kernels/"):
        return other in KERNELS_SEE
    if own.startswith("io/"):
        if other.startswith("io/"):
            mine, theirs = rank(IO_ORDER, own), rank(IO_ORDER, other)
            return None if mine is None or theirs is None else theirs < mine
        seen = rank(CORE_ORDER, other)
        return None if seen is None else seen <= rank(CORE_ORDER, IO_SEES_UP_TO)
    mine, theirs = rank(CORE_ORDER, own), rank(CORE_ORDER, other)
    if other.startswith("io/"):
        return False
    return None if mine is None or theirs is None else theirs < mine


def check_quoted_include(tree, path, line, target):
    own = folder_of(path)
    if target not in tree.known and target[:-2] + ".y" in tree.known:
        return  # lemon writes the header of a grammar into the build folder
    if target not in tree.known:
        if os.path.splitext(target)[0] + ".y" in tree.known:
            return  # the tokens of a lemon grammar, made by the build
        beside = os.path.normpath(os.path.join(os.path.dirname(path), target))
        if beside in tree.known or "/" not in target:
            tree.add(path, line, "include-root", f'write "{target}" from the root of the tree')
        else:
            tree.add(path, line, "include-unknown", f'no file "{target}"')
        return
    if target.endswith(("_impl.h", "_inl.h")) and not within(path, ("tests",)):
        if os.path.dirname(target) != os.path.dirname(path):
            tree.add(path, line, "include-impl", f"{target} is for its own folder only")
    allowed = may_include(own, folder_of(target))
    if allowed is None:
        tree.add(path, line, "tier-unknown", f"{own} or {folder_of(target)} has no tier in tidy.py")
    elif not allowed:
        tree.add(path, line, "tier", f"{own} may not see {folder_of(target)} ({target})")


def check_system_include(tree, path, line, target):
    if target in STANDARD or target.startswith(STANDARD_FOLDERS):
        return
    for pattern, owner in PACKAGES:
        if re.match(pattern, target):
            if not within(path, (owner, "tests")):
                tree.add(path, line, "package", f"<{target}> belongs to {owner}")
            return
    if not within(path, ("tests",)):
        tree.add(path, line, "package", f"<{target}> is in no row of PACKAGES in tidy.py")


def check_includes(tree, path, text):
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        found = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)
        if not found:
            continue
        if found.group(1) is not None:
            check_quoted_include(tree, path, number, found.group(1))
        else:
            check_system_include(tree, path, number, found.group(2))


CALL_OF = {name: (kind, allowed) for kind, allowed, names in CALLS for name in names.split()}
CALL = re.compile(r"(?<![\w.>\"])(" + "|".join(CALL_OF) + r")\s*\(")


def check_calls(tree, path, bare):
    for number, line in enumerate(bare.split("\n"), 1):
        for found in CALL.finditer(line):
            kind, allowed = CALL_OF[found.group(1)]
            if not within(path, allowed):
                tree.add(path, number, "call", f"{found.group(1)}(): {kind} goes another way here: "
                         "core/port, core/mem, a sized or an mr_ function")


def check_functions(tree, path, text, bare):
    lines, original = bare.split("\n"), text.split("\n")
    start = None
    for i, line in enumerate(lines):
        opens = re.match(r"\{\s*$", line) or re.match(r"[\w].*\)\s*\{\s*$", line)
        if start is None and opens:
            start = i
        elif start is not None and line.startswith("}"):
            length = i - start - 1
            around = "\n".join(original[max(0, start - 12):i])
            if length > FUNCTION_LINES_MAX and "tidy: long" not in around:
                tree.add(path, start + 1, "function-length",
                         f"{length} lines, at most {FUNCTION_LINES_MAX}; split it, or say why in a "
                         "`tidy: long` comment")
            start = None


def check_lines(tree, path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"\b(TO[D]O|FIX[M]E)\b", line):
            tree.add(path, number, "todo", "do it, or open an issue")
        if MACHINE_PATH.search(line):
            tree.add(path, number, "absolute-path", "a path of one machine")
        if path.endswith((".md", ".def")) or "/snippets/" in path:
            continue
        if len(line) > COLUMNS_MAX and path.endswith(SOURCES + (".py", ".build", ".sh")):
            tree.add(path, number, "columns", f"{len(line)} columns, at most {COLUMNS_MAX}")
        if line != line.rstrip() and path.endswith(SOURCES + (".py", ".build", ".sh")):
            tree.add(path, number, "blanks", "blanks at the end of the line")
        if "\t" in line and path.endswith((".c", ".h")):
            tree.add(path, number, "blanks", "a tab; indent by 4 spaces")
    if text and not text.endswith("\n"):
        tree.add(path, text.count("\n") + 1, "blanks", "no line end at the end of the file")


def check_guard(tree, path, bare):
    wanted = "MR_" + re.sub(r"\W", "_", path[:-2]).upper() + "_H"
    first = re.search(r"^\s*#\s*ifndef\s+(\w+)\s*\n\s*#\s*define\s+(\w+)", bare, re.M)
    if first is None:
        tree.add(path, 1, "guard", f"no header guard; wanted {wanted}")
    elif first.group(1) != wanted or first.group(2) != wanted:
        tree.add(path, 1, "guard", f"guard {first.group(1)}, wanted {wanted}")


STATE = re.compile(r"^\s*static\s+(?!const\b|inline\b|_Noreturn\b|mr_status\b.*\()[^()=;]*?"
                   r"\b\w+\s*(\[[^\]]*\]\s*)*(=|;)")
GLOBAL = re.compile(r"[a-z]\w*\s[\w\s*]*\b\w+(\[\w*\])?\s*(=[^=]|;)")
NO_STATE = re.compile(r"(static|extern|typedef|return|goto|case|default)\b|(struct|enum|union) \w+;"
                      r"|.*\bconst\b")


def check_language(tree, path, bare):
    for number, line in enumerate(bare.split("\n"), 1):
        if re.search(r"(?<!:)//", line):
            tree.add(path, number, "comment", "write comments as /* */")
        if re.search(r"\btypedef\s+(struct|union)\b", line):
            tree.add(path, number, "typedef", "structs go by their tag")
        if within(path, ("tests", "bench")):
            continue
        if STATE.match(line) and not re.search(
                r"\bconst\b|static_assert|sig_atomic_t", line):
            tree.add(path, number, "state", "mutable static state; pass it in")
        if path.endswith(".c") and GLOBAL.match(line) and not NO_STATE.match(line):
            tree.add(path, number, "state", "mutable global; pass it in")


def check_sizes(tree, path, text):
    limit = LIMITS.get(os.path.splitext(path)[1])
    count = text.count("\n")
    is_excused = "tidy: long" in "\n".join(text.split("\n")[:40])
    if limit is not None and count > limit and not is_excused:
        tree.add(path, 1, "file-length", f"{count} lines, at most {limit}; split by concept, "
                 "or say at the top why it is `tidy: long`")


def check_unique_names(tree):
    seen = {}
    for path in tree.paths:
        if path.endswith(SOURCES):
            name = os.path.basename(path)
            if name in seen:
                tree.add(path, 1, "unique-name", f"the same file name as {seen[name]}")
            seen.setdefault(name, path)


def check_listed(tree):
    """Each .c is named in the meson.build of its folder, as `x.c`, `test_x` or `x`."""
    for path in tree.paths:
        if not path.endswith(".c"):
            continue
        build = os.path.join(os.path.dirname(path), "meson.build")
        stem = os.path.basename(path)[:-2]
        names = (stem, re.sub(r"^(test|fuzz|bench)_", "", stem), re.sub(r"_(test|ref)$", "", stem))
        listed = build in tree.known and any(
            re.search(rf"(?<!\w){re.escape(n)}(?!\w)", tree.text(build)) for n in names)
        if not listed:
            tree.add(path, 1, "not-built", f"not named in {build}")


def check_readmes(tree):
    for folder in TOP_FOLDERS:
        readme = folder + "/README.md"
        if any(p.startswith(folder + "/") for p in tree.paths) and readme not in tree.known:
            tree.add(readme, 1, "readme", f"{folder} has no README.md")
        elif readme in tree.known and tree.text(readme).count("\n") > 60:
            tree.add(readme, 1, "readme", "more than one screen (60 lines)")


def check_errors(tree):
    """Every error number is declared once, in the file of its range, and used numbers exist."""
    declared = {}
    for path in tree.paths:
        if not re.match(r"core/base/errors_\w+\.def$", path):
            continue
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            found = re.match(r"MR_ERROR\((\d+),", line)
            if found and found.group(1) in declared:
                tree.add(path, number, "error-code", f"MR{found.group(1)} is declared twice")
            elif found:
                declared[found.group(1)] = path
    for path in tree.paths:
        if not path.endswith((".c", ".h", ".re", ".y")) or within(path, ("tests", "core/base")):
            continue
        for found in re.finditer(r"\bMR_E_[A-Z]+,\s*(\d{4})\b", without_comments(tree.text(path))):
            if found.group(1) not in declared:
                line = tree.text(path)[:found.start()].count("\n") + 1
                tree.add(path, line, "error-code", f"MR{found.group(1)} is in no errors_*.def")


def check_source(tree, path, text):
    bare = without_comments_and_strings(text)
    check_includes(tree, path, text)
    check_calls(tree, path, bare)
    check_functions(tree, path, text, bare)
    check_language(tree, path, bare)
    if path.endswith(".h") and not path.endswith("_inl.h"):
        check_guard(tree, path, bare)
    if path.endswith((".c", ".h")) and not within(path, ("tests", "tools", "bench")):
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            if MACHINE_PATH_C.search(line):
                tree.add(path, number, "absolute-path", "a path of one machine")


def check_tree(root):
    tree = Tree(root)
    for path in tree.paths:
        is_script = "." not in os.path.basename(path) and path.startswith(("tools/", ".ci/"))
        if not path.endswith(TEXTS) and not is_script:
            continue
        text = tree.text(path)
        check_lines(tree, path, text)
        check_sizes(tree, path, text)
        if path.endswith(SOURCES):
            check_source(tree, path, text)
    check_unique_names(tree)
    check_listed(tree)
    check_readmes(tree)
    check_errors(tree)
    return tree


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))
    tree = check_tree(root)
    for path, line, rule, what in sorted(tree.findings):
        print(f"{path}:{line}: {rule}: {what}")
    count = len([p for p in tree.paths if p.endswith(SOURCES)])
    print(f"tidy: {len(tree.findings)} findings in {count} source files", file=sys.stderr)
    return 1 if tree.findings else 0


if __name__ == "__main__":
    sys.exit(main())

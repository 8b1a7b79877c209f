#!/bin/bash
# Shown: the program itself: data on the standard output and talk on the other, exit codes, files of
# gen that are complete and never replaced, a full output noticed, completion scripts that shells
# accept, a doctor that leaves nothing behind.
set -euo pipefail
program=$(realpath "${1:?usage: test_program.sh PROGRAM}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# exits CODE COMMAND...: runs it with both outputs in files.
exits() {
    local wanted=$1 code=0
    shift
    "$@" >out 2>err || code=$?
    [ $code = "$wanted" ] || fail "$* ended with $code, not $wanted: $(cat err)"
}

exits 0 "$program" help
[ -s out ] && [ ! -s err ] || fail "help talks on the wrong side"
exits 0 "$program"
grep -q '^usage:' out || fail "no words at all do not show the help"
exits 2 "$program" frobnicate
[ ! -s out ] && grep -q '^error\[MR6001\]' err || fail "usage error: $(cat out err)"
exits 0 "$program" version --json
python3 -c 'import json; assert json.load(open("out"))["features"]["yaml"] in (True, False)'
exits 0 "$program" explain mr6104
grep -q '^MR6104: unknown field' out || fail "explain"
exits 2 "$program" explain MR0001

exits 0 "$program" gen clickstream --rows 1000 --files 3 --out data
[ "$(cat data/* | wc -l)" = 1000 ] || fail "gen wrote $(cat data/* | wc -l) lines"
[ "$(ls -A data | wc -l)" = 3 ] || fail "gen left $(ls -A data)"
"$program" gen clickstream --rows 1000 -q >whole
cat data/clickstream-0000{0,1,2}.json | cmp - whole || fail "files and stream differ"
exits 1 "$program" gen clickstream --rows 10 --out data
grep -q 'choose another --prefix' err || fail "gen: $(cat err)"
cat data/* | cmp - whole || fail "gen replaced a file"
"$program" gen iot --bytes 1MB -q >sized
size=$(wc -c <sized)
[ "$size" -ge 1000000 ] && [ "$size" -lt 1002048 ] || fail "gen --bytes 1MB made $size"
exits 0 "$program" gen orders --bytes 300kB --files 3 --out sized_files
[ "$(ls sized_files | wc -l)" = 3 ] || fail "gen --bytes --files"
if [ -c /dev/full ]; then
    code=0
    "$program" gen iot --rows 10 >/dev/full 2>err || code=$?
    [ $code = 1 ] || fail "gen into a full device ended with $code"
    code=0
    "$program" help >/dev/full 2>err || code=$?
    [ $code = 1 ] && grep -q 'standard output' err || fail "help into a full device: $code"
fi

mkdir empty
exits 0 "$program" doctor empty
grep -q '^ok .*put if absent' out || fail "doctor: $(cat out)"
[ -z "$(ls -A empty)" ] || fail "doctor left $(ls -A empty)"
exits 1 "$program" doctor gone
exits 0 "$program" doctor --json empty
python3 -c 'import json; assert json.load(open("out"))["failed"] == 0'

"$program" completion bash >completion.bash
bash -n completion.bash
words=$(bash -c '. ./completion.bash
    COMP_WORDS=(millrace gen --se); COMP_CWORD=2; _millrace; echo "${COMPREPLY[@]}"
    COMP_WORDS=(millrace --color a); COMP_CWORD=2; _millrace; echo "${COMPREPLY[@]}"
    COMP_WORDS=(millrace do); COMP_CWORD=1; _millrace; echo "${COMPREPLY[@]}"')
[ "$words" = $'--seed\nauto always\ndoctor' ] || fail "completion gave: $words"
"$program" completion zsh >completion.zsh
"$program" completion fish >completion.fish
for shell in zsh fish; do
    ! command -v $shell >/dev/null || $shell -n completion.$shell
done

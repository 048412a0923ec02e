#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The programs of tools/ where there is no card: their command lines, and their
# streams.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
top=$PWD
tools='afuctl afu-cp afu-flash afu-psl'
PATH=$out/tools:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

native() {
	[ -z "${cross_compile-}" ] || skip "this machine's programs are not for $ARCH"
}

# fresh: continue in an empty folder.
fresh() {
	native
	rm -rf "$work/t"
	mkdir "$work/t"
	cd "$work/t" || fail "$work/t"
}

# run STATUS COMMAND...: it must exit with STATUS; its output is in out and err.
run() {
	want=$1
	shift
	rc=0
	"$@" >out 2>err || rc=$?
	[ "$rc" -eq "$want" ] || fail "$*: status $rc, not $want: $(cat err)"
}

# A message must not go into a file that was opened in place of a stream.
closed_streams_do_not_touch_files() {
	fresh
	head -c 100000 /dev/urandom >src
	head -c 1048576 /dev/urandom >image
	: >dst
	cp src src.want
	cp image image.want
	rc=0
	afu-cp --device /dev/null src dst <&- >&- 2>&- || rc=$?
	[ "$rc" -eq 3 ] || fail "afu-cp: status $rc"
	rc=0
	afu-flash --backing image /dev/null <&- >&- 2>&- || rc=$?
	[ "$rc" -eq 3 ] || fail "afu-flash: status $rc"
	afu-flash --backing image /dev/null >&- 2>&- || :
	[ ! -s dst ] || fail "afu-cp wrote to its destination: $(cat dst)"
	cmp src src.want || fail "afu-cp wrote to its source"
	cmp image image.want || fail "afu-flash wrote to its image"
	[ "$(echo *)" = 'dst image image.want src src.want' ] || fail "left behind: $(echo *)"
}

# Nor is what cannot be written a success.
closed_output_is_a_failure() {
	fresh
	for tool in $tools; do
		rc=0
		"$tool" --help >&- 2>err || rc=$?
		[ "$rc" -eq 1 ] || fail "$tool: status $rc"
		grep -qx "$tool: cannot write to standard output: Bad file descriptor" err || fail "$tool: $(cat err)"
	done
}

# However --json is spelled
errors_are_json_if_asked() {
	fresh
	for arguments in 'top --json --interval x' 'top -bj --interval x' 'top -jb --interval x' \
		'top --js --interval x' 'mode --js afu9.9' 'info --j nonesuch'; do
		rc=0
		# shellcheck disable=SC2086
		afuctl $arguments >out 2>err || rc=$?
		[ "$rc" -ne 0 ] || fail "$arguments: status 0"
		"$out/tests/schema/json-check" "$top/tests/schema/afuctl.json" error <err || fail "$arguments: $(cat err)"
	done
	for tool in afu-cp afu-flash; do
		run 2 "$tool" --js
		"$out/tests/schema/json-check" "$top/tests/schema/afuctl.json" error <err || fail "$tool: $(cat err)"
	done
}

# A file would always be readable, and its lines taken for requests.
control_must_be_a_fifo() {
	fresh
	echo 'busy 1' >file
	run 1 afu-flash --control file /dev/null
	grep -qx 'afu-flash: file: is not a FIFO' err || fail "$(cat err)"
	run 1 afu-flash --control /dev/null /dev/null
	mkfifo fifo
	run 3 afu-flash --control fifo /dev/null
	run 3 afu-flash --control made /dev/null
	[ -p made ] || fail "no FIFO was made"
}

# psl_says WORD ARGUMENT...: afu-psl finds its command line wrong, and says so with WORD.
psl_says() {
	what=$1
	shift
	run 2 afu-psl "$@"
	grep -q "^afu-psl: .*$what" err || fail "$*: $(cat err)"
	[ "$(wc -l <err)" -eq 1 ] || fail "not one line: $(cat err)"
}

psl_checks_its_command_line() {
	fresh
	psl_says --simulator --card a
	psl_says 'either --card or --node' --simulator localhost:1
	psl_says 'either --card or --node' --simulator localhost:1 --card a --node /dev/cxl-sim/b.afu0
	for name in '' .a a/b ..; do
		psl_says card --simulator localhost:1 --card "$name"
	done
	psl_says --node --simulator localhost:1 --node ''
	for option in credits cycles idle seed delay reorder paged bogus; do
		for value in abc -1 '' 1x 18446744073709551616; do
			psl_says "--$option '$value': must be a number from" --simulator localhost:1 --card a \
				"--$option" "$value"
		done
	done
	for limit in credits=255 delay=99 reorder=100 paged=99 bogus=100; do
		option=${limit%=*} max=${limit#*=}
		psl_says "--$option .*to $max" --simulator localhost:1 --card a "--$option=$((max + 1))"
		# Well, but nothing listens there.
		run 1 afu-psl --simulator localhost:1 --card a "--$option=$max"
	done
	psl_says --credits --simulator localhost:1 --card a --credits 0
	# As in the other tools, a leading 0 means nothing.
	run 1 afu-psl --simulator localhost:1 --card a --delay 0099 --seed 09
}

tap_run tools closed_streams_do_not_touch_files closed_output_is_a_failure errors_are_json_if_asked \
	control_must_be_a_fifo psl_checks_its_command_line

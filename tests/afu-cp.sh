#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# afu-cp as seen by its user: files, options, messages, exit statuses.

set -eu
. /tests/lib/tap.sh

work=$(mktemp -d)
cd "$work"

# Each test starts in an empty folder.
fresh() {
	rm -rf "$work/t"
	mkdir "$work/t"
	cd "$work/t"
}

# random FILE KIB
random() {
	dd if=/dev/urandom of="$1" bs=1024 count="$2" 2>/dev/null
}

# run STATUS ARGUMENT...: afu-cp must exit with STATUS; output is in out and
# err.
run() {
	want=$1
	shift
	status=0
	afu-cp "$@" >out 2>err || status=$?
	[ "$status" -eq "$want" ] ||
		fail "afu-cp $*: status $status, not $want: $(cat err)"
	case " $* " in
	*' --json '*) if [ "$want" -eq 0 ]; then conforms line <out; else conforms error <err; fi ;;
	esac
}

# conforms DEFINITION: standard input is JSON of this kind.
conforms() {
	/tests/schema/json-check /tests/schema/afu-cp.json "$1" >"$work/wrong" 2>&1 || fail "$1: $(cat "$work/wrong")"
}

# says TEXT: afu-cp printed it to standard error, on a line of its own.
says() {
	[ "$(wc -l <err)" -eq 1 ] || fail "not one line: $(cat err)"
	grep -qF -- "$1" err || fail "'$1' expected: $(cat err)"
}

same() {
	cmp "$1" "$2" || fail "$1 and $2 differ"
}

# Only these files exist.
only() {
	have=$(find . ! -name . -prune | sed 's,^./,,' | sort | tr '\n' ' ')
	[ "$have" = "$* " ] || fail "files: $have instead of: $*"
}

# becomes_true COMMAND...: within 10 s.
becomes_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || fail "does not happen: $*"
		usleep 50000
	done
}

files_of_all_sizes() {
	fresh
	random big 3100
	for size in 0 1 2 63 4095 4096 4097 32768 65537 1048575 1048576 1048577 3145745; do
		head -c "$size" big >src
		run 0 src dst
		same src dst
	done
	[ ! -s out ] || fail "$(cat out)"
	[ ! -s err ] || fail "$(cat err)"
	only big dst err out src
}

large_file() {
	fresh
	random part 4096
	for i in 1 2 3 4 5 6 7 8; do cat part; done >src
	run 0 src dst
	same src dst
}

chunks_of_all_sizes() {
	fresh
	random src 400
	for chunk in 1M 64k 64K 4k 1000 4097 1024k 1048576; do
		run 0 --chunk "$chunk" src dst
		same src dst
		rm dst
	done
	head -c 300 src >tiny
	run 0 --chunk 1 tiny dst
	same tiny dst
}

holes_stay_holes() {
	fresh
	random data 64
	truncate -s 20M src
	dd if=data of=src bs=4096 seek=1000 conv=notrunc 2>/dev/null
	dd if=data of=src bs=4096 seek=3000 conv=notrunc 2>/dev/null
	run 0 --json src dst
	same src dst
	[ "$(stat -c %b src)" -eq 256 ] || skip "this file system has no holes"
	[ "$(stat -c %b dst)" -eq 256 ] || fail "$(stat -c %b dst) blocks"
	grep -q '"size":20971520,"copied":131072,' out || fail "$(cat out)"
}

only_a_hole() {
	fresh
	truncate -s 5000000 src
	run 0 src dst
	same src dst
	[ "$(stat -c %b dst)" -eq 0 ] || fail "$(stat -c %b dst) blocks"
}

replaces_what_was_there() {
	fresh
	random src 10
	random dst 900
	run 0 src dst
	same src dst
	only dst err out src
}

writes_through_a_symbolic_link() {
	fresh
	mkdir there
	random src 10
	random there/file 20
	ln -s there/file dst
	run 0 src dst
	[ -L dst ] || fail "the link was replaced"
	same src there/file
	cd there
	only file
}

refuses_what_is_no_file() {
	fresh
	random src 1
	mkdir folder
	mkfifo fifo
	ln -s nowhere dangling
	run 1 folder dst
	says "folder: is a directory"
	run 1 fifo dst
	says "fifo: is not a regular file"
	run 1 /dev/zero dst
	says "/dev/zero: is not a regular file"
	run 1 missing dst
	says "missing: No such file or directory"
	run 1 src folder
	says "folder: is a directory"
	run 1 src fifo
	says "fifo: is not a regular file"
	run 1 src /dev/null
	says "/dev/null: is not a regular file"
	run 1 src dangling
	says "dangling: is a dangling symbolic link"
	run 1 src nowhere/dst
	says "nowhere/dst: No such file or directory"
	run 1 src dst/
	says "dst/"
	run 1 src src/dst
	says "src/dst: Not a directory"
	only dangling err fifo folder out src
}

refuses_to_copy_onto_itself() {
	fresh
	random src 1
	cp src want
	ln -s src symbolic
	ln src hard
	for dst in src ./src symbolic hard; do
		run 1 src "$dst"
		says "$dst: is the source file itself"
	done
	same src want
}

wrong_usage_is_status_2() {
	fresh
	random src 1
	run 2
	says "afu-cp: SRC and DST are needed"
	run 2 src
	run 2 src dst more
	run 2 --unknown src dst
	for chunk in 0 -1 2M 1048577 x 1x 1kk 1KK 64Kk 99999999999999999999 18014398509481985k ''; do
		run 2 --chunk "$chunk" src dst
		says "--chunk $chunk: must be from 1 to 1048576 bytes"
	done
	only err out src
}

help_and_version() {
	fresh
	run 0 --help
	grep -q '^usage: afu-cp' out || fail "$(cat out)"
	for option in --chunk --device --events --json --no-verify --verify --help --version; do
		grep -q -- "$option" out || fail "$option is not in the help"
	done
	run 0 --version
	grep -qx 'afu-cp [0-9.]*' out || fail "$(cat out)"
}

device_can_be_chosen() {
	fresh
	random src 10
	run 0 --device /dev/cxl-copy0 src dst
	same src dst
	rm dst
	run 3 --device /dev/cxl-copy99 src dst
	says "/dev/cxl-copy99: No such file or directory"
	run 3 --device /dev/null src dst
	says "/dev/null: no copy service: Inappropriate ioctl for device"
	only err out src
}

events_in_words() {
	fresh
	random src 100
	run 0 --events --chunk 10k src dst
	[ "$(grep -c '^event [0-9]*: copy [0-9]*: ok, 10240 of 10240 bytes at offset' out)" -eq 10 ] ||
		fail "$(cat out)"
	grep -q '^event 9: copy 9: ok, 10240 of 10240 bytes at offset 92160$' out || fail "$(cat out)"
	tail -n 1 out | grep -q '^102400 bytes, .* verified; 10 driver events, 0 lost$' || fail "$(cat out)"
	[ ! -s err ] || fail "$(cat err)"
}

summary_as_json() {
	fresh
	random src 100
	run 0 --json --chunk 32k src dst
	[ "$(wc -l <out)" -eq 1 ] || fail "$(cat out)"
	want='^{"event":"summary","source":"src","destination":"dst","device":"/dev/cxl-copy0",'
	want=$want'"size":102400,"copied":102400,"copies":4,"driver_events":4,"other_events":0,'
	want=$want'"lost_events":0,"verified":true,"seconds":[0-9.e-]*}$'
	grep -q "$want" out || fail "$(cat out)"
	run 0 --json --no-verify src dst
	grep -q '"verified":false' out || fail "$(cat out)"
	random 'a "quoted" name' 1
	run 0 --json 'a "quoted" name' dst
	grep -qF '"source":"a \"quoted\" name"' out || fail "$(cat out)"
}

# Names may be any bytes, JSON is UTF-8; a terminal must get no control codes.
names_are_harmless() {
	fresh
	name=$(printf 'a\377b\033[2Jc\303\244\302\233\355\240\200')
	random "$name" 1
	run 0 --json "$name" dst
	grep -qF "\"source\":\"a$(printf '\357\277\275')b\\u001b[2Jc$(printf '\303\244\302\233')" out || fail "$(cat out)"
	! grep -q "$(printf '\377')" out || fail "$(cat out)"
	run 1 "x$name" dst
	says "xa?b?[2Jc$(printf '\303\244')"
	! grep -q "$(printf '\033')" err || fail "$(cat err)"
}

errors_as_json() {
	fresh
	random src 1
	run 1 --json missing dst
	grep -qx '{"error":"missing: No such file or directory","errno":"ENOENT","status":1}' err || fail "$(cat err)"
	run 2 --chunk 0 --json src dst
	grep -qx '{"error":"--chunk 0: must be from 1 to 1048576 bytes","status":2}' err || fail "$(cat err)"
	run 2 --json
	run 2 --json --chunk
	run 2 --frobnicate src dst --json
	grep -qx '{"error":"unrecognized option .--frobnicate.","status":2}' err || fail "$(cat err)"
	run 3 --json --device /dev/null src dst
	[ ! -s out ] || fail "$(cat out)"
	only err out src
}

events_as_json_lines() {
	fresh
	random src 100
	run 0 --json --events --chunk 32k src dst
	[ "$(wc -l <out)" -eq 5 ] || fail "$(cat out)"
	want='^{"event":"copy","sequence":3,"time_ns":[0-9]*,"copy":3,"status":"ok",'
	want=$want'"offset":98304,"length":4096,"copied":4096}$'
	grep -q "$want" out || fail "$(cat out)"
	tail -n 1 out | grep -q '"event":"summary"' || fail "$(cat out)"
}

# Start a slow copy of src (3072 requests), and wait until it is under way.
slow_copy() {
	random part 1024
	for i in 1 2 3; do cat part part part part; done >src
	afu-cp --chunk 4k --events "$@" src dst >out 2>err &
	pid=$!
	becomes_true grep -qs 'copy 10:' out
}

# ended STATUS: the slow copy must exit with STATUS and leave nothing.
ended() {
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq "$1" ] || fail "status $status, not $1: $(cat err)"
	only err out part src
}

source_that_changes_fails_verification() {
	fresh
	slow_copy
	# Byte 0 is copied already.
	head -c 1 src | tr '\000-\377' '\001-\377\000' | dd of=src conv=notrunc 2>/dev/null
	ended 5
	says "src and its copy differ at byte 0"
}

source_that_changes_passes_unverified() {
	fresh
	slow_copy --no-verify
	head -c 1 src | tr '\000-\377' '\001-\377\000' | dd of=src conv=notrunc 2>/dev/null
	wait "$pid" || fail "status $?: $(cat err)"
	[ -f dst ] || fail "no copy"
}

source_that_grows_fails_verification() {
	fresh
	slow_copy
	echo more >>src
	ended 5
	says "src and its copy differ at byte 12582912"
}

# Files in /proc claim to be empty, files in /sys to have a page.
files_that_cannot_be_mapped_are_read() {
	fresh
	for file in /proc/version /proc/kallsyms /proc/sys/kernel/ostype /sys/kernel/uevent_seqnum \
		/sys/class/cxl/card0/caia_version; do
		run 0 "$file" dst
		same "$file" dst
		rm dst
	done
	run 0 --no-verify /proc/cpuinfo dst
	grep -q '^processor' dst || fail "no processor: $(cat dst)"
	run 0 --json /proc/version dst
	grep -q "\"size\":$(wc -c </proc/version),\"copied\":$(wc -c </proc/version)," out || fail "$(cat out)"
	only dst err out
}

source_that_shrinks_is_an_event() {
	fresh
	slow_copy
	truncate -s 4096 src
	ended 4
	says "of the source file"
	grep -q 'data storage: the AFU could not read address 0x.* of the source file' out ||
		fail "$(tail -n 3 out)"
	grep -q 'address error, 0 of 4096 bytes' out || fail "$(tail -n 3 out)"
}

full_disk_leaves_nothing() {
	fresh
	random src 3000
	mkdir small
	mount -t tmpfs -o size=1M none small
	status=0
	afu-cp src small/dst 2>err || status=$?
	left=$(find small ! -name small)
	umount small
	[ "$status" -eq 1 ] || fail "status $status"
	[ -z "$left" ] || fail "left behind: $left"
	says "small/dst: No space left on device"
}

# SIGINT is tested at a terminal: a shell's background jobs ignore it.
signals_leave_nothing() {
	for signal in TERM HUP; do
		fresh
		slow_copy
		kill -s "$signal" "$pid"
		ended $((128 + $(kill -l "$signal")))
		[ ! -s err ] || fail "$(cat err)"
	done
}

ignored_signals_stay_ignored() {
	fresh
	trap '' HUP
	slow_copy
	kill -s HUP "$pid"
	wait "$pid" || fail "status $?: $(cat err)"
	same src dst
}

# The system's limit is one of the reasons, and the message says so.
file_that_becomes_too_large_leaves_nothing() {
	fresh
	random src 1000
	status=0
	(
		ulimit -f 100
		afu-cp src dst
	) >out 2>err || status=$?
	[ "$status" -eq 1 ] || fail "status $status: $(cat err)"
	says "dst: File too large"
	only err out src
}

output_that_cannot_be_written_is_a_failure() {
	fresh
	for option in --help --version; do
		status=0
		afu-cp "$option" >/dev/full 2>err || status=$?
		[ "$status" -eq 1 ] || fail "$option: status $status"
		says "cannot write to standard output: No space left on device"
	done
	random src 10
	status=0
	afu-cp --events src dst >/dev/full 2>err || status=$?
	[ "$status" -eq 1 ] || fail "status $status"
	says "cannot write to standard output: No space left on device"
	[ ! -e dst ] || fail "the copy is there"
}

driver_that_goes_away_ends_the_copy() {
	fresh
	slow_copy
	afu=$(basename "$(ls -d /sys/bus/pci/drivers/cxl-copy/*:*)")
	echo "$afu" >/sys/bus/pci/drivers/cxl-copy/unbind
	ended=0
	wait "$pid" || ended=$?
	grep -q 'was taken away$' err || fail "$(cat err)"
	run 3 part dst
	echo "$afu" >/sys/bus/pci/drivers/cxl-copy/bind
	says "no accelerator, or cxl-copy is not loaded"
	[ "$ended" -eq 4 ] || fail "status $ended"
	run 0 part dst
	same part dst
}

several_at_once() {
	fresh
	random src 2000
	pids=''
	for i in 1 2 3 4; do
		afu-cp --chunk 8k src dst"$i" 2>"err$i" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "status $?"
	done
	for i in 1 2 3 4; do same src dst"$i"; done
}

trap 'rm -rf "$work"' EXIT
tap_run afu-cp files_of_all_sizes large_file chunks_of_all_sizes \
	holes_stay_holes only_a_hole \
	replaces_what_was_there writes_through_a_symbolic_link \
	refuses_what_is_no_file refuses_to_copy_onto_itself \
	wrong_usage_is_status_2 help_and_version device_can_be_chosen \
	events_in_words summary_as_json names_are_harmless errors_as_json \
	events_as_json_lines \
	source_that_changes_fails_verification \
	source_that_changes_passes_unverified \
	source_that_grows_fails_verification \
	files_that_cannot_be_mapped_are_read \
	source_that_shrinks_is_an_event full_disk_leaves_nothing \
	signals_leave_nothing file_that_becomes_too_large_leaves_nothing \
	ignored_signals_stay_ignored \
	output_that_cannot_be_written_is_a_failure \
	driver_that_goes_away_ends_the_copy several_at_once

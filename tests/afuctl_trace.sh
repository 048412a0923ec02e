#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# afuctl monitor without an AFU: what happens to all contexts.

set -eu
. /tests/lib/tap.sh
. /tests/lib/afuctl.sh

copies_of_afu_cp_are_seen() {
	dd if=/dev/urandom of=src bs=1024 count=3072 2>/dev/null
	run 0 monitor --json -- afu-cp --chunk 1M src dst
	cmp src dst || fail "src and dst differ"
	# The first and the last, and three completions in between
	head -n 1 out | grep -q '^{"event":"attach","time_ns":[0-9]*,"afu":"afu0.0","pe":[0-9]*,"wed":"0x[0-9a-f]*","irqs":1,"rc":0,"comm":"afu-cp","pid":[0-9]*}$' ||
		fail "$(cat out)"
	tail -n 1 out | grep -q '^{"event":"end","time_ns":[0-9]*,"afu":"afu0.0","pe":[0-9]*}$' || fail "$(cat out)"
	shows '^{"event":"detach","time_ns":[0-9]*,"afu":"afu0.0","pe":[0-9]*,"comm":"afu-cp","pid":[0-9]*}$'
	for what in post deliver; do
		[ "$(sed -n "s/.*\"event\":\"$what\",.*\"type\":\"afu_driver\",\"count\":\([0-9]*\).*/\1/p" out |
			awk '{ n += $1 } END { print n }')" -eq 3 ] || fail "$what: $(cat out)"
	done
	! grep -q '"event":"fault"\|"event":"irq"' out || fail "$(cat out)"

	run 0 monitor -v -- afu-cp src dst
	shows 'afu0.0 pe [0-9]*  *attach  *wed=0x[0-9a-f]* irqs=1 by afu-cp\[[0-9]*\]$' \
		' post  *afu_driver$' ' deliver  *afu_driver.* by afu-cp\[[0-9]*\]$' \
		' irq  *irq=1$' ' fetch  ' ' detach  *by afu-cp'
	run 0 monitor --verbose -- sh -c 'afuctl monitor --count 1 /dev/cxl/afu0.0m >/dev/null &
		while ! afuctl list | grep -q "started master"; do usleep 50000; done
		afuctl inject fault afu0.0 0 0x123000 0x4000000042000000; wait'
	shows ' fault  *dsisr=0x4000000042000000 dar=0x0000000000123000$' ' post  *data_storage$' \
		' deliver  *data_storage by afuctl\[[0-9]*\]$' ' end$'
	[ -z "$(ls "$instances")" ] || fail "left behind: $(ls "$instances")"
}

status_is_that_of_the_command() {
	run 0 monitor -- true
	status=0
	afuctl monitor -- false >out 2>err || status=$?
	[ "$status" -eq 1 ] || fail "status $status"
	status=0
	afuctl monitor -- sh -c 'exit 42' >out 2>err || status=$?
	[ "$status" -eq 42 ] || fail "status $status"
	status=0
	# shellcheck disable=SC2016
	afuctl monitor -- sh -c 'kill -9 $$' >out 2>err || status=$?
	[ "$status" -eq 137 ] || fail "status $status"
	run 127 monitor -- /nowhere/program
	says "/nowhere/program: No such file or directory"
	# The command continues when enough events were seen.
	run 0 monitor --count 1 -- sh -c 'afuctl monitor --timeout 0.3 afu0.0 && sleep 1 && touch finished'
	shows_lines 1
	[ -e finished ] || fail "the command did not end"
	# The command's output is not lost.
	[ "$(afuctl monitor --json -- echo hello)" = hello ] || fail "it is lost"
	# A signal is for the command.
	afuctl monitor -- sleep 1000 >mon 2>mon.err &
	pid=$!
	becomes_true is_running 'sleep 1000'
	kill "$pid"
	ended 143
	! is_running 'sleep 1000' || fail "the command goes on"
	[ -z "$(ls "$instances")" ] || fail "left behind: $(ls "$instances")"
}

# has_seen: after an event, one is in mon.
has_seen() {
	afuctl monitor --timeout 0.1 afu0.0 >/dev/null
	[ -s mon ]
}

# It is over when the command has ended: not when that is stopped, nor when another
# child ends, which the program had that became the monitor.
only_the_commands_end_ends_it() {
	# shellcheck disable=SC2016
	run 0 monitor -- sh -c '(usleep 300000; kill -CONT $$) & kill -STOP $$
		afuctl monitor --timeout 0.3 afu0.0'
	shows ' attach  ' ' detach  '
	rm -f go
	sh -c 'until [ -e go ]; do usleep 10000; done &
		exec afuctl monitor -- sh -c "touch go; usleep 300000; afuctl monitor --timeout 0.3 afu0.0"' \
		>out 2>err || fail "$(cat err)"
	shows ' attach  ' ' detach  '
	rm -f go
	sh -c 'until [ -e go ]; do usleep 10000; done & exec afuctl monitor --timeout 60 --count 1' \
		>mon 2>mon.err &
	pid=$!
	becomes_true test -d "$instances/afuctl-$pid.0"
	touch go
	usleep 300000
	becomes_true has_seen
	ended 0
}

nothing_is_left_behind() {
	for signal in TERM HUP; do
		afuctl monitor >mon 2>mon.err &
		pid=$!
		becomes_true test -d "$instances/afuctl-$pid.0"
		kill -"$signal" "$pid"
		ended 0
		[ ! -d "$instances/afuctl-$pid.0" ] || fail "$signal: left behind"
	done
	# The next monitor removes what a killed one left; but nothing of
	# others, nor of a monitor that is still running, whatever its process
	# ID.
	afuctl monitor >mon 2>mon.err &
	pid=$!
	becomes_true test -d "$instances/afuctl-$pid.0"
	kill -KILL "$pid"
	ended 137
	[ -d "$instances/afuctl-$pid.0" ] || fail "nothing is left behind"
	mkdir "$instances/other"
	unshare -p -f afuctl monitor >mon 2>mon.err &
	pid=$!
	becomes_true test -d "$instances/afuctl-1.0"
	run 0 monitor --timeout 0.2
	left=$(cd "$instances" && echo *)
	rmdir "$instances/other"
	[ "$left" = "afuctl-1.0 other" ] || fail "left: $left"
	unshare -p -f afuctl monitor --timeout 0.2 >out 2>err || fail "$(cat err)"
	# shellcheck disable=SC2046
	kill $(pidof afuctl)
	wait "$pid" || fail "$(cat mon.err)"
	# Output that nobody reads
	status=0
	afuctl monitor -- afuctl monitor --timeout 0.3 afu0.0 >/dev/full 2>err || status=$?
	[ "$status" -eq 1 ] || fail "status $status"
	says "cannot write to standard output: No space left on device"
	[ -z "$(ls "$instances")" ] || fail "left behind: $(ls "$instances")"
}

tap_run afuctl_trace copies_of_afu_cp_are_seen status_is_that_of_the_command \
	only_the_commands_end_ends_it nothing_is_left_behind

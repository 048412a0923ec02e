#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# afuctl monitor and top: events and counters as they come.

set -eu
. /tests/lib/tap.sh
. /tests/lib/afuctl.sh

shows_injected_events() {
	context --count 4 afu0.0
	run 0 inject irq afu0.0 "$pe" 3
	becomes_true grep -q afu_interrupt mon
	run 0 inject error afu0.0 "$pe" 0xdeadbeef
	becomes_true grep -q afu_error mon
	run 0 inject fault afu0.0 "$pe" 0x123456789000
	becomes_true grep -q data_storage mon
	run 0 inject fault afu0.0 "$pe" 0x2000 0x4000000042000000
	ended 0
	cp mon out
	shows_lines 4
	shows "^ *[0-9]*\.[0-9]\{6\}  afu0.0 pe $pe  *afu_interrupt irq 3$" 'afu_error  *error 0xdeadbeef$' \
		'data_storage  the AFU could not read address 0x123456789000 (DSISR 0x4000000040000000)$' \
		'data_storage  the AFU could not write address 0x2000 (DSISR 0x4000000042000000)$'
	[ ! -s mon.err ] || fail "$(cat mon.err)"
}

as_json() {
	context --json -c 3 /dev/cxl/afu0.0m
	run 0 inject irq afu0.0 "$pe" 1
	becomes_true grep -q afu_interrupt mon
	run 0 inject error afu0.0 "$pe" 0xffffffffffffffff
	becomes_true grep -q afu_error mon
	run 0 inject fault afu0.0 "$pe" 4096
	ended 0
	cp mon out
	shows_lines 3
	stamp='"time_ns":[0-9]*,"afu":"afu0.0","pe":'$pe',"sequence"'
	shows "^{\"event\":\"afu_interrupt\",$stamp:0,\"lost\":0,\"irq\":1}$" \
		"^{\"event\":\"afu_error\",$stamp:1,\"lost\":0,\"error\":18446744073709551615}$" \
		"^{\"event\":\"data_storage\",$stamp:2,\"lost\":0,\"access\":\"read\",\"address\":4096,\"dsisr\":4611686019501129728}$"
}

times_are_those_of_the_events() {
	context --json --count 1 afu0.0
	kill -STOP "$pid"
	before=$(cut -d. -f1 /proc/uptime)
	run 0 inject irq afu0.0 "$pe" 1
	sleep 3
	kill -CONT "$pid"
	ended 0
	time=$(sed 's/.*"time_ns":\([0-9]*\)[0-9]\{9\},.*/\1/' mon)
	[ "$((time - before))" -ge 0 ] || fail "$time s, and it happened at $before s"
	[ "$((time - before))" -le 2 ] ||
		fail "$time s, and it happened at $before s"
}

tells_of_lost_events() {
	context --count 2 afu0.0
	kill -STOP "$pid"
	for error in 1 2 3; do
		run 0 inject error afu0.0 "$pe" $error
	done
	run 0 inject irq afu0.0 "$pe" 2
	kill -CONT "$pid"
	ended 0
	cp mon out
	shows '^(2 events lost)$' 'error 0x1$'
}

ends_in_time() {
	run 0 monitor --timeout 0.5 afu0.0
	[ ! -s out ] || fail "$(cat out)"
	run 5 monitor --timeout 0.5 --count 1 afu0.0
	says "1 events did not come in time"
	run 0 monitor --count 0 afu0.0
	run 0 monitor --timeout 0.5
	run 5 monitor --timeout 0.5 --count 3 --json
	[ ! -s out ] || fail "$(cat out)"
	for signal in TERM HUP; do
		context afu0.0
		kill -$signal "$pid"
		ended 0
		[ ! -s mon.err ] || fail "$(cat mon.err)"
	done
}

of_an_afu_that_goes_away() {
	for what in destroy remove perm_failure unbind; do
		new_card afu0/num_crs=0
		context "$afu"
		case $what in
		destroy) run 0 destroy test ;;
		remove) run 0 inject remove "$card" ;;
		perm_failure) run 0 inject recovery "$card" perm_failure ;;
		unbind) cat "$config/test/pci" >"$class/$card/device/driver/unbind" ;;
		esac
		ended 6
		grep -qx "afuctl: $afu: the AFU was taken away" mon.err || fail "$what: $(cat mon.err)"
	done
	new_card afu0/num_crs=0
	run 0 inject link "$card" down
	run 1 monitor "$afu"
	says "$afu: Input/output error"
}

asks_for_a_context() {
	new_card afu0/num_procs=2 afu0/num_crs=0
	context --irqs 7 "$afu"
	run 0 inject irq "$afu" "$pe" 7
	run 1 inject irq "$afu" "$pe" 8
	says "$afu: process element $pe has no interrupt 8"
	first=$pid
	context --wed 0x1230 "$afu"
	run 4 monitor "$afu"
	says "$afu: all process elements are in use"
	grep -q "pe=$pe .*wed=0x1230 " "/sys/kernel/debug/cxl-afu/$card/afu0/state" ||
		fail "$(cat "/sys/kernel/debug/cxl-afu/$card/afu0/state")"
	kill "$first" "$pid"
	wait
	run 1 monitor --irqs 1 "$afu"
	says "$afu: cannot start a context: Invalid argument"
	run 0 mode "$afu" none
	run 3 monitor "$afu"
	run 3 monitor "${afu}m"
	new_card afu0/modes=dedicated afu0/num_crs=0
	context "$afu"
	kill "$pid"
	ended 0
}

refuses_wrong_options() {
	for number in -1 x 1x '' 0x 99999999999999999999; do
		run 2 monitor --count "$number" afu0.0
		says "--count '$number': must be a number"
		run 2 monitor --fd "$number"
		run 2 monitor --wed "$number" afu0.0
		run 2 monitor --irqs "$number" afu0.0
	done
	run 2 monitor --irqs 32768 afu0.0
	run 2 monitor --timeout 1x afu0.0
	says "--timeout '1x': must be seconds"
	run 2 monitor --color=pink afu0.0
	says "--color 'pink' must be auto, always or never"
	run 2 monitor --fd 0 afu0.0
	says "either an AFU or --fd"
	run 2 monitor --wed 1
	says "need an AFU"
	run 2 monitor --irqs 1
	run 2 monitor --verbose afu0.0
	run 2 monitor afu0.0 -- true
	says "are for all contexts"
	run 2 monitor --
	says "a command is missing"
	run 3 monitor /dev/null
	run 1 monitor --fd 77
	says "--fd 77: is no AFU descriptor: Bad file descriptor"
	run 3 monitor --fd 0 </dev/null
	says "--fd 0: is no AFU descriptor"
}

in_colour() {
	for colour in --color --color=always; do
		context --count 1 $colour afu0.0
		run 0 inject error afu0.0 "$pe" 1
		ended 0
		grep -q "$(printf '\033')\[31mafu_error" mon || fail "$(cat mon)"
	done
	for colour in '' --color=auto --color=never; do
		# shellcheck disable=SC2086
		context --count 1 $colour afu0.0
		run 0 inject error afu0.0 "$pe" 1
		ended 0
		! grep -q "$(printf '\033')" mon || fail "$(cat mon)"
	done
}

of_afu_cp() {
	dd if=/dev/urandom of=src bs=1024 count=3072 2>/dev/null
	run 0 monitor --json -- afu-cp --chunk 1M src dst
	cmp src dst || fail "src and dst differ"
	# The first and the last, and three completions in between
	head -n 1 out | grep -q '^{"event":"attach","time_ns":[0-9]*,"afu":"afu0.0","pe":[0-9]*,"wed":[0-9]*,"irqs":1,"rc":0,"comm":"afu-cp","pid":[0-9]*}$' ||
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

has_the_status_of_the_command() {
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
	# The command goes on when enough was seen.
	run 0 monitor --count 1 -- sh -c 'afuctl monitor --timeout 0.3 afu0.0 && sleep 1 && touch finished'
	shows_lines 1
	[ -e finished ] || fail "the command did not end"
	# What the command says is not lost.
	run 0 monitor --json -- echo hello
	[ "$(cat out)" = hello ] || fail "$(cat out)"
	# A signal is for the command.
	afuctl monitor -- sleep 1000 >mon 2>mon.err &
	pid=$!
	becomes_true is_running 'sleep 1000'
	kill "$pid"
	ended 143
	! is_running 'sleep 1000' || fail "the command goes on"
	[ -z "$(ls "$instances")" ] || fail "left behind: $(ls "$instances")"
}

of_all_contexts_ends_cleanly() {
	for signal in TERM HUP; do
		afuctl monitor >mon 2>mon.err &
		pid=$!
		becomes_true test -d "$instances/afuctl-$pid"
		kill -$signal "$pid"
		ended 0
		[ ! -d "$instances/afuctl-$pid" ] || fail "$signal: left behind"
	done
	# What one that was killed left is removed by the next; not that of others.
	afuctl monitor >mon 2>mon.err &
	pid=$!
	becomes_true test -d "$instances/afuctl-$pid"
	kill -KILL "$pid"
	ended 137
	[ -d "$instances/afuctl-$pid" ] || fail "nothing is left behind"
	mkdir "$instances/other" "$instances/afuctl-$$"
	run 0 monitor --timeout 0.2
	left=$(cd "$instances" && echo *)
	rmdir "$instances/other" "$instances/afuctl-$$"
	[ "$left" = "afuctl-$$ other" ] || fail "left: $left"
	# Output that nobody takes
	status=0
	afuctl monitor -- afuctl monitor --timeout 0.3 afu0.0 >/dev/full 2>err || status=$?
	[ "$status" -eq 1 ] || fail "status $status"
	says "cannot write to standard output: No space left on device"
	[ -z "$(ls "$instances")" ] || fail "left behind: $(ls "$instances")"
}

top_prints_counters() {
	context afu0.0
	run 0 inject irq afu0.0 "$pe" 1
	becomes_true grep -q irq mon
	run 0 top --batch --count 2 --interval 0.1
	shows_lines 4
	shows '^AFU  *PE STATE  *POSTED/s  *DELIV/s  *DELIVERED  *PENDING  *LOST  OWNER$' \
		"^afu0.0  *$pe started  *0  *0  *1  *0  *0  afuctl\[$pid\]$"
	run 0 top --json -c 1
	shows "^{\"time_ns\":[0-9]*,\"contexts\":\[{\"afu\":\"afu0.0\",\"pe\":$pe,\"state\":\"started\",.*\"delivered_per_second\":0}\]}$"
	# Two errors in a context that does not read: one is lost. Rates are of the time between.
	kill -STOP "$pid"
	(
		sleep 2
		run 0 inject error afu0.0 "$pe" 1
		run 0 inject error afu0.0 "$pe" 2
	) &
	run 0 top -b -c 2 -i 5
	tail -n 1 out >last
	kill -CONT "$pid"
	kill "$pid"
	ended 0
	grep -q "^afu0.0  *$pe started  *0  *0  *1  *1  *1  afuctl" last || fail "$(cat out)"
	for interval in 0 0.001 x -1 '' 1e30; do
		run 2 top --interval "$interval" --count 1
		says "--interval '$interval'"
	done
	run 2 top --count x
	run 0 top --count 0
	shows_lines 0
	afuctl top -b >mon 2>mon.err &
	pid=$!
	becomes_true grep -q OWNER mon
	kill "$pid"
	ended 0
}

tap_run afuctl_monitor shows_injected_events as_json \
	times_are_those_of_the_events tells_of_lost_events ends_in_time \
	of_an_afu_that_goes_away asks_for_a_context refuses_wrong_options \
	in_colour of_afu_cp has_the_status_of_the_command \
	of_all_contexts_ends_cleanly top_prints_counters

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# afuctl monitor with a context of its own: each event with all its contents.

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
	conforms monitor <mon
	cp mon out
	shows_lines 3
	stamp='"time_ns":[0-9]*,"afu":"afu0.0","pe":'$pe',"sequence"'
	shows "^{\"event\":\"afu_interrupt\",$stamp:0,\"lost\":0,\"irq\":1}$" \
		"^{\"event\":\"afu_error\",$stamp:1,\"lost\":0,\"error\":\"0xffffffffffffffff\"}$" \
		"^{\"event\":\"data_storage\",$stamp:2,\"lost\":0,\"access\":\"read\",\"address\":\"0x1000\",\"dsisr\":\"0x4000000040000000\"}$"
}

# The reader is stopped while the event happens, and continued later.
times_are_those_of_the_events() {
	context --json --count 1 afu0.0
	kill -STOP "$pid"
	before=$(cut -d. -f1 /proc/uptime)
	run 0 inject irq afu0.0 "$pe" 1
	after=$(cut -d. -f1 /proc/uptime)
	sleep 3
	kill -CONT "$pid"
	ended 0
	time=$(sed 's/.*"time_ns":\([0-9]*\)[0-9]\{9\},.*/\1/' mon)
	[ "$time" -ge "$before" ] || fail "at $time s, before $before s"
	[ "$time" -le "$after" ] || fail "at $time s, after $after s"
}

tells_of_lost_events() {
	context --count 2 afu0.0
	kill -STOP "$pid"
	for error in 1 2 3; do
		run 0 inject error afu0.0 "$pe" "$error"
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
		kill -"$signal" "$pid"
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
	says "work for all contexts only"
	run 2 monitor --
	says "a command is missing"
	run 3 monitor /dev/null
	run 1 monitor --fd 77
	says "--fd 77: is not an AFU descriptor: Bad file descriptor"
	run 3 monitor --fd 0 </dev/null
	says "--fd 0: is not an AFU descriptor"
}

in_colour() {
	for colour in --color --color=always; do
		context --count 1 "$colour" afu0.0
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

tap_run afuctl_monitor shows_injected_events as_json times_are_those_of_the_events \
	tells_of_lost_events ends_in_time of_an_afu_that_goes_away asks_for_a_context \
	refuses_wrong_options in_colour

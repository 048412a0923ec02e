#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# afuctl as its user sees it: output, messages, exit statuses.

set -eu
. /tests/lib/tap.sh

work=$(mktemp -d)
cd "$work"
config=/sys/kernel/config/cxl-sim
class=/sys/class/cxl
instances=/sys/kernel/tracing/instances

# run STATUS ARGUMENT...: afuctl must end so; its output is in out and err.
run() {
	want=$1
	shift
	status=0
	afuctl "$@" >out 2>err || status=$?
	[ "$status" -eq "$want" ] ||
		fail "afuctl $*: status $status, not $want: $(cat err)"
	[ "$want" -eq 0 ] || [ "$(wc -l <err)" -eq 1 ] ||
		fail "afuctl $*: not one line: $(cat err)"
}

# says TEXT: afuctl said it on standard error.
says() {
	grep -qF -- "$1" err || fail "'$1' expected: $(cat err)"
}

# shows PATTERN...: each of them is in a line of the output.
shows() {
	for pattern; do
		grep -qe "$pattern" out || fail "'$pattern' expected: $(cat out)"
	done
}

# shows_lines N
shows_lines() {
	[ "$(wc -l <out)" -eq "$1" ] || fail "not $1 lines: $(cat out)"
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

# lists PATTERN: a line of afuctl list
lists() {
	afuctl list >list.out 2>&1 && grep -qe "$1" list.out
}

# context ARGUMENT...: a monitor with a context of its own, in the background;
# its output goes to mon.
context() {
	afuctl monitor "$@" >mon 2>mon.err &
	pid=$!
	becomes_true lists "context [0-9]*  started .*afuctl\[$pid\]"
	pe=$(sed -n "s/.*context \([0-9]*\)  started .*afuctl\[$pid\].*/\1/p" list.out)
}

# ended STATUS: the monitor must end so by itself, or was told to.
ended() {
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq "$1" ] || fail "status $status, not $1: $(cat mon.err)"
}

is_running() {
	for cmdline in /proc/[0-9]*/cmdline; do
		[ "$(tr '\000' ' ' <"$cmdline" 2>/dev/null)" != "$1 " ] || return 0
	done
	return 1
}

remove_cards() {
	for folder in "$config"/*; do
		[ "$folder" = "$config/default" ] || afuctl destroy "${folder##*/}"
	done
}

# new_card ARGUMENT...: a software card of the test's own; its name is in $card,
# that of its first AFU in $afu.
new_card() {
	remove_cards
	run 0 create test "$@"
	card=$(cat out)
	afu=afu${card#card}.0
}

help_of_every_command() {
	run 0 --help
	shows '^usage: afuctl COMMAND'
	run 0 help
	for command in list info monitor top mode reset inject create destroy; do
		run 0 --help
		shows "^  $command "
		for option in --help -h; do
			run 0 $command $option
			shows "^usage: afuctl $command " '^  -h, --help '
			[ ! -s err ] || fail "$(cat err)"
		done
	done
	run 0 --version
	grep -qx 'afuctl [0-9.]*' out || fail "$(cat out)"
}

wrong_usage_is_status_2() {
	run 2
	says "which command?"
	run 2 frobnicate
	says "frobnicate: no such command"
	run 2 --json list
	for command in list info monitor top mode reset inject create destroy; do
		run 2 $command --frobnicate
		says "unrecognized option"
		run 2 $command afu0.0 b c d e f
	done
	for command in info mode reset inject create destroy; do
		run 2 $command
		says "$command: an argument is missing"
	done
	for name in card card-1 card0x 'card 0' Card0 afu afu0 afu0. afu.0 afu0.0x afu0.0ss afu-1.0 \
		/dev/cxl /dev/null card99999999999999 ''; do
		run 2 info "$name"
		says "'$name' is no name of"
	done
}

absence_is_status_3() {
	run 3 info card7
	says "card7: there is no such card"
	run 3 info afu0.3
	says "afu0.3: there is no such AFU"
	run 3 mode afu7.0
	run 3 mode afu7.0 none
	run 3 reset afu7.0
	run 3 reset card7
	run 3 monitor afu7.0
	run 3 monitor /dev/cxl/afu7.0s
	says "/dev/cxl/afu7.0s: No such file"
	run 3 inject irq afu7.0 0 1
	run 3 inject link card7 down
	run 3 destroy card7
	says "card7: there is no such software card"
	run 3 destroy nothing
}

list_is_a_tree() {
	run 0 list
	shows '^card0  CAIA 1.0, PSL revision 0x1000, user image, PCI 1[0-9a-f]*:00:00.0, software card default$' \
		'^`-- afu0.0  afu_directed, 4 to 2037 interrupts$' \
		'^    |-- /dev/cxl/afu0.0m$' '^    [`|]-- /dev/cxl/afu0.0s$'
	new_card psl_revision=0x2001 image=factory 'afu1/modes=dedicated directed' afu0/irqs_min=2 \
		afu0/num_crs=0 afu1/num_crs=0
	run 0 mode "afu${card#card}.1" dedicated
	run 0 list
	shows "^$card  CAIA 1.0, PSL revision 0x2001, factory image, .*, software card test$" \
		"^|-- $afu  afu_directed, 2 to " '^|   |-- /dev/cxl/afu[0-9]*.0m$' \
		'^|   `-- /dev/cxl/afu[0-9]*.0s$' "^\`-- afu${card#card}.1  dedicated_process, 4 to " \
		'^    `-- /dev/cxl/afu[0-9]*.1d$'
	run 0 mode "afu${card#card}.1" none
	run 0 list
	shows "^\`-- afu${card#card}.1  none, "
}

list_as_json() {
	context afu0.0
	run 0 list --json
	shows '^ *"name": "card0",$' '"pci": "1[0-9a-f]*:00:00.0"' '"caia_version": "1.0"' \
		'"psl_revision": 4096' '"software": "default"' '"mode": "afu_directed"' \
		'"irqs_max": 2037' '"/dev/cxl/afu0.0s"' "\"pid\": $pid" '"comm": "afuctl"' \
		"\"pe\": $pe" '"state": "started"' '"kind": "slave"' '"posted": 0' '"pending": 0'
	[ "$(tr -cd '{[' <out | wc -c)" -eq "$(tr -cd ']}' <out | wc -c)" ] || fail "$(cat out)"
	kill "$pid"
	ended 0
	run 0 list -j
	grep -q "\"pid\": $pid" out && fail "the context is still listed"
	return 0
}

contexts_of_several_processes() {
	exec 5<>/dev/cxl/afu0.0m
	sleep 10 &
	sleeper=$!
	run 0 list
	exec 5>&-
	kill "$sleeper"
	shows 'context [0-9]*  opened master, afuctl.sh\[[0-9]*\] and [0-9]* more$\|context [0-9]*  opened master, sh\[[0-9]*\] and [0-9]* more$'
}

info_of_a_card_and_of_an_afu() {
	run 0 info card0
	shows '^card0$' '^  caia_version  *1.0$' '^  psl_revision  *4096$' '^  software card  *default$' \
		'^  perst_reloads_same_image  *0$'
	run 0 info --json card0
	shows '"name": "card0"' '"base_image": 1' '"image_loaded": "user"' '"software": "default"'
	for name in afu0.0 afu0.0s /dev/cxl/afu0.0m; do
		run 0 info $name
		shows '^afu0.0$' '^  mode  *afu_directed$' '^  irqs_min  *4$' '^  mmio_size  *65536$' \
			'^  master mmio_size  *67108864$' '^  error buffer  *4096$' \
			'^  cr0 vendor  *0x1014$' '^  PCI device of the card  */sys/class/cxl/'
		run 0 info --json $name
		shows '"name": "afu0.0"' '"api_version": 4' '"error_buffer_size": 4096' \
			'"vendor": "0x1014"' '"pp_mmio_len": 65536'
	done
	new_card 'afu0/modes=dedicated directed' afu0/num_crs=2 afu0/cr_device=0x4351 afu0/err_buff_size=0
	run 0 info "$afu"
	shows '^  modes_supported  *dedicated_process afu_directed$' '^  cr1 device  *0x4351$'
	! grep -q 'error buffer' out || fail "$(cat out)"
	run 0 info -j "$afu"
	tr -d ' \n' <out | grep -qF '"modes_supported":["dedicated_process","afu_directed"]' || fail "$(cat out)"
}

mode_is_shown_and_changed() {
	new_card 'afu0/modes=dedicated directed' afu0/num_crs=0
	run 0 mode "$afu"
	[ "$(cat out)" = afu_directed ] || fail "$(cat out)"
	for mode in dedicated_process none afu_directed dedicated directed; do
		run 0 mode "$afu" $mode
		[ ! -s out ] || fail "$(cat out)"
		run 0 mode "$afu"
		case $(cat out) in *"$mode"*) ;; *) fail "$mode: $(cat out)" ;; esac
	done
	run 0 mode --json "$afu"
	[ "$(cat out)" = "{\"name\":\"$afu\",\"mode\":\"afu_directed\"}" ] || fail "$(cat out)"
	run 2 mode "$afu" sideways
	says "'sideways' is no mode"
	context "$afu"
	run 4 mode "$afu" dedicated
	says "$afu: the AFU has contexts, or a driver uses it"
	run 4 mode "$afu" none
	kill "$pid"
	ended 0
	new_card afu0/num_crs=0
	run 1 mode "$afu" dedicated
	says "$afu: the AFU cannot be in mode dedicated_process"
	[ "$(cat "$class/$afu/mode")" = afu_directed ] || fail "the mode changed"
	afuctl inject link "$card" down
	run 1 mode "$afu" directed
	says "Input/output error"
}

reset_of_an_afu() {
	new_card afu0/num_crs=0
	run 0 reset "$afu"
	run 0 reset "/dev/cxl/${afu}s"
	context "$afu"
	run 4 reset "$afu"
	says "$afu: the AFU has contexts, or a driver uses it"
	kill "$pid"
	ended 0
	run 2 reset --force "$afu"
	says "--force and --wait are for cards"
	run 2 reset --wait 1 "$afu"
	run 0 inject link "$card" down
	run 1 reset "$afu"
	says "$afu: reset: Input/output error"
}

reset_of_a_card_waits_for_it() {
	new_card afu0/num_crs=0 afu1/num_crs=0
	second=afu${card#card}.1
	run 0 mode "$second" none
	for n in 1 2 3; do
		before=$(stat -c %i "$class/$card/")
		run 0 reset "$card"
		[ "$(stat -c %i "$class/$card/")" != "$before" ] || fail "it is the same card"
		[ -c "/dev/cxl/${afu}s" ] || fail "there is no ${afu}s"
	done
	context "$afu"
	run 4 reset "$card"
	says "$card: contexts are started; --force does not mind"
	run 0 reset --force "$card"
	ended 6
	grep -qx "afuctl: $afu: the AFU was taken away" mon.err || fail "$(cat mon.err)"
	echo 1 >"$class/$card/perst_reloads_same_image"
	run 1 reset "$card"
	says "$card: refused while its perst_reloads_same_image is 1"
	for wait in x -1 1s '' inf nan; do
		run 2 reset --wait "$wait" "$card"
		says "--wait '$wait': must be seconds"
	done
}

# A reset takes its time; that it is over at once cannot be excluded.
reset_that_takes_too_long() {
	new_card afu0/num_crs=0
	tries=0
	until afuctl reset --wait 0.000001 "$card" >out 2>err; [ $? -eq 5 ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 10 ] || fail "never status 5: $(cat err)"
		becomes_true test -c "/dev/cxl/${afu}s"
	done
	says "$card: the card did not come back in time"
	becomes_true test -c "/dev/cxl/${afu}s"
	run 0 reset --wait 0 "$card"
	becomes_true test -c "/dev/cxl/${afu}s"
}

monitor_shows_injected_events() {
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

monitor_as_json() {
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

monitor_times_are_those_of_the_events() {
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

monitor_tells_of_lost_events() {
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

monitor_ends_in_time() {
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

monitor_of_an_afu_that_goes_away() {
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

monitor_asks_for_a_context() {
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

monitor_refuses_wrong_options() {
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

monitor_in_colour() {
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

monitor_of_afu_cp() {
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
	[ -z "$(ls $instances)" ] || fail "left behind: $(ls $instances)"
}

monitor_has_the_status_of_the_command() {
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
	[ -z "$(ls $instances)" ] || fail "left behind: $(ls $instances)"
}

monitor_of_all_contexts_ends_cleanly() {
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
	[ -z "$(ls $instances)" ] || fail "left behind: $(ls $instances)"
}

inject_reaches_the_card() {
	new_card afu0/num_crs=0
	run 0 inject delay "$card" 1234
	[ "$(cat "/sys/kernel/debug/cxl-afu/$card/delay")" -eq 1234 ] || fail "no delay"
	run 0 inject delay "$card" 0x10
	[ "$(cat "/sys/kernel/debug/cxl-afu/$card/delay")" -eq 16 ] || fail "no delay"
	context "$afu"
	kill -STOP "$pid"
	run 0 inject link "$card" down
	run 1 inject irq "$afu" "$pe" 1
	says "$afu: the link to the card is down"
	run 0 inject link "$card" up
	kill -CONT "$pid"
	kill "$pid"
	ended 0
	echo 1 >"$class/$card/perst_reloads_same_image"
	run 0 inject recovery "$card" frozen
	[ -d "$class/$card" ] || fail "the card did not recover"
	run 0 inject remove "$card"
	[ ! -d "$class/$card" ] || fail "the card is still there"
	run 3 inject remove "$card"
	says "$card: there is no such card"
}

inject_refuses_nonsense() {
	context afu0.0
	run 2 inject thunder card0
	says "'thunder' cannot be injected"
	run 2 inject irq
	run 2 inject irq afu0.0
	run 2 inject irq afu0.0 "$pe"
	run 2 inject irq afu0.0 "$pe" 1 2
	says "too many arguments"
	run 2 inject irq afu0.0 "$pe" 65536
	says "IRQ '65536': must be a number from 0 to 65535"
	run 2 inject irq afu0.0 x 1
	says "PE 'x': must be a number"
	run 2 inject irq afu0.0 "$pe" ' 1'
	run 2 inject irq card0 "$pe" 1
	says "'card0' is no name of an AFU"
	run 2 inject link afu0.0 down
	says "'afu0.0' is no name of a card"
	run 2 inject link card0 sideways
	says "inject link: 'sideways' must be down or up"
	run 2 inject recovery card0 partly
	says "must be frozen or perm_failure"
	run 2 inject delay card0 4294967296
	run 2 inject remove card0 1
	run 1 inject irq afu0.0 "$pe" 0
	run 3 inject irq afu0.0 $((pe + 1)) 1
	says "afu0.0: process element $((pe + 1)) is not attached"
	run 3 inject fault afu0.0 $((pe + 1)) 0
	run 3 inject error afu0.0 $((pe + 1)) 0
	kill "$pid"
	ended 0
	[ ! -s mon ] || fail "$(cat mon)"
}

only_software_cards_take_injections() {
	modprobe cxl_test_card || skip "no cxl_test_card"
	run 0 list
	other=$(sed -n 's/^\(card[0-9]*\)  .*, PCI [^,]*$/\1/p' out)
	[ -n "$other" ] || fail "$(cat out)"
	status=0
	afuctl inject link "$other" down >out 2>err || status=$?
	rmmod cxl_test_card
	[ "$status" -eq 3 ] || fail "status $status: $(cat err)"
	says "$other: is no software card, nothing can be injected"
}

# gone NAME: neither the software card of that name is there, nor $card.
gone() {
	[ ! -e "$class/$card" ] || fail "$card is still there"
	[ ! -e "$config/$1" ] || fail "the folder is still there"
}

create_and_destroy() {
	remove_cards
	run 0 create mine
	card=$(cat out)
	[ -d "$class/$card" ] || fail "there is no $card"
	[ -c "/dev/cxl/afu${card#card}.0s" ] || fail "there is no node"
	run 0 destroy mine
	gone mine
	run 0 create --json mine caia_version=1.7 vpd_v5=0123456789abcdef afu3/num_procs=3
	grep -qx "{\"software\":\"mine\",\"name\":\"$card\",\"pci\":\"1[0-9a-f]*:00:00.0\"}" out || fail "$(cat out)"
	[ "$(cat "$class/$card/caia_version")" = 1.7 ] || fail "no caia_version"
	[ "$(cat "$config/mine/afu3/num_procs")" -eq 3 ] || fail "no num_procs"
	for slot in 0 3; do
		[ -d "$class/afu${card#card}.$slot" ] || fail "no AFU $slot"
	done
	run 0 destroy "$card"
	gone mine
}

create_leaves_nothing_when_it_fails() {
	remove_cards
	for setting in psl_revision=0x10000 psl_revision= image=holiday afu0/modes=none afu2/num_procs=0; do
		run 2 create mine afu1/irqs_min=2 $setting
		says "'${setting#*=}' is no value for ${setting%%=*}"
		[ ! -e "$config/mine" ] || fail "$setting: the folder is left"
	done
	for setting in color=red afu0/color=red afu4/modes=directed live=1 afu0=1; do
		run 2 create mine $setting
		says "there is no attribute ${setting%%=*}"
		[ ! -e "$config/mine" ] || fail "$setting: the folder is left"
	done
	for setting in psl_revision =1 ../default/live=0 ''; do
		run 2 create mine "$setting"
		says "'$setting' must be ATTRIBUTE=VALUE"
		[ ! -e "$config/mine" ] || fail "$setting: the folder is left"
	done
	run 2 create mine "image=$(seq 99 | tr -d '\n')"
	says "create: the value of image is too long"
	run 0 create mine vpd_v5=
	run 0 destroy mine
	run 1 create mine num=7
	[ ! -e "$config/mine" ] || fail "the folder is left"
	for name in '' . .. .hidden a/b; do
		run 2 create "$name"
		says "'$name' is no name for a software card"
		run 2 destroy "$name"
	done
	# As many cards as there can be
	n=1
	while afuctl create "card-$n" afu0/num_crs=0 >out 2>err; do
		n=$((n + 1))
		[ "$n" -lt 30 ] || fail "there is no limit"
	done
	[ "$n" -eq 19 ] || fail "$n cards: $(cat err)"
	[ "$(wc -l <err)" -eq 1 ] || fail "$(cat err)"
	[ ! -e "$config/card-$n" ] || fail "the folder is left"
}

create_twice() {
	new_card
	run 4 create test
	says "test: there is such a software card already"
	[ -d "$class/$card" ] || fail "the card is gone"
	run 4 create default
	[ -d "$class/card0" ] || fail "the card is gone"
}

default_card_comes_back() {
	remove_cards
	run 0 destroy default
	[ ! -e "$class/card0" ] || fail "it is still there"
	run 0 list
	shows_lines 0
	run 0 list --json
	[ "$(tr -d ' \n' <out)" = '{"cards":[]}' ] || fail "$(cat out)"
	run 0 create default
	[ "$(cat out)" = card0 ] || fail "$(cat out)"
	run 0 destroy card0
	run 2 create default image=none
	[ -d "$config/default" ] || fail "the folder is gone"
	[ ! -e "$class/card0" ] || fail "the card is there"
	run 0 create default
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

output_that_nobody_takes_is_a_failure() {
	for command in list 'list --json' 'info card0' 'top -b -c 1' 'mode afu0.0' --help --version 'list --help'; do
		status=0
		# shellcheck disable=SC2086
		afuctl $command >/dev/full 2>err || status=$?
		[ "$status" -eq 1 ] || fail "$command: status $status"
		says "cannot write to standard output: No space left on device"
	done
}

# Last: the modules come back for the next program only.
without_drivers() {
	remove_cards
	rmmod cxl-copy cxl-sim
	run 0 list
	shows_lines 0
	run 3 create mine
	says "is cxl-sim loaded"
	run 3 destroy mine
	run 3 info card0
	rmmod cxl
	for command in list 'info card0' 'info afu0.0' 'mode afu0.0' 'reset card0' 'monitor afu0.0' 'top -b' \
		'inject link card0 up'; do
		# shellcheck disable=SC2086
		run 3 $command
		says "the driver cxl is not loaded"
	done
	run 3 monitor
	says "there are no tracepoints: the driver cxl is not loaded"
	modprobe cxl-sim
	modprobe cxl-copy
	run 0 list
	shows '^card0 '
}

trap remove_cards EXIT
tap_run afuctl help_of_every_command wrong_usage_is_status_2 absence_is_status_3 list_is_a_tree \
	list_as_json contexts_of_several_processes info_of_a_card_and_of_an_afu \
	mode_is_shown_and_changed reset_of_an_afu reset_of_a_card_waits_for_it \
	reset_that_takes_too_long monitor_shows_injected_events monitor_as_json \
	monitor_times_are_those_of_the_events monitor_tells_of_lost_events monitor_ends_in_time \
	monitor_of_an_afu_that_goes_away monitor_asks_for_a_context monitor_refuses_wrong_options \
	monitor_in_colour monitor_of_afu_cp monitor_has_the_status_of_the_command \
	monitor_of_all_contexts_ends_cleanly inject_reaches_the_card inject_refuses_nonsense \
	only_software_cards_take_injections create_and_destroy create_leaves_nothing_when_it_fails \
	create_twice default_card_comes_back top_prints_counters \
	output_that_nobody_takes_is_a_failure without_drivers

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# afuctl as seen by its user: list, info, mode, reset; output, messages, exit
# statuses.

set -eu
. /tests/lib/tap.sh
. /tests/lib/afuctl.sh

help_of_every_command() {
	run 0 --help
	shows '^usage: afuctl COMMAND'
	run 0 help
	for command in list info monitor top state mode reset inject create destroy; do
		run 0 --help
		shows "^  $command "
		for option in --help -h; do
			run 0 "$command" "$option"
			shows "^usage: afuctl $command " '^  -h, --help '
			[ ! -s err ] || fail "$(cat err)"
		done
	done
	run 0 --version
	grep -qx 'afuctl [0-9.]*' out || fail "$(cat out)"
}

wrong_usage_is_status_2() {
	run 2
	says "a command is missing"
	run 2 frobnicate
	says "frobnicate: no such command"
	run 2 --json list
	for command in list info monitor top state mode reset inject create destroy; do
		run 2 "$command" --frobnicate
		says "unrecognized option"
		run 2 "$command" afu0.0 b c d e f
	done
	for command in info mode reset inject create destroy; do
		run 2 "$command"
		says "$command: an argument is missing"
	done
	for name in card card-1 card0x 'card 0' Card0 afu afu0 afu0. afu.0 afu0.0x afu0.0ss afu-1.0 \
		/dev/cxl /dev/null card99999999999999 ''; do
		run 2 info "$name"
		says "name '$name' (expected e.g. "
	done
}

absence_is_status_3() {
	run 3 info card7
	says "card7: no such card"
	run 3 info afu0.3
	says "afu0.3: no such AFU"
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
	says "card7: no such software card"
	run 3 destroy nothing
}

list_is_a_tree() {
	run 0 list
	shows '^card0  CAIA 1.0, PSL revision 0x1000, user image, PCI [0-9a-f]*:00:00.0, software card default$' \
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

# Users choose the names of their processes, and others see them.
names_of_processes_are_harmless() {
	mkfifo go
	# shellcheck disable=SC2016
	sh -c 'printf "\033[2Jx\377\n\"" >/proc/self/comm; exec 3<>/dev/cxl/afu0.0s; read -r line <go' &
	pid=$!
	becomes_true lists "\[$pid\]\$"
	run 0 list
	shows "context [0-9]*  opened slave, ?\[2Jx??\"\[$pid\]\$"
	run 0 list --json
	shows '"comm": "?\[2Jx??\\""'
	echo >go
	wait "$pid"
}

list_as_json() {
	context afu0.0
	run 0 list --json
	shows '^ *"name": "card0",$' '"pci": "[0-9a-f]*:00:00.0"' '"caia_version": "1.0"' \
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

# "run" checks what it prints.
every_command_has_json() {
	has_json() {
		run "$@"
		if [ "$1" -eq 0 ]; then [ -s out ]; else [ -s err ]; fi || fail "$*: nothing"
	}
	run 0 destroy default
	has_json 0 list --json
	run 0 create default
	remove_cards
	has_json 0 create --json test 'afu0/modes=dedicated directed' afu1/num_crs=2
	has_json 4 create --json test
	has_json 2 create -j other image=holiday
	run 0 list
	card=$(sed -n 's/^\(card[0-9]*\) .*software card test$/\1/p' out)
	afu=afu${card#card}.0
	context "$afu"
	for command in list 'info card0' "info $afu" "info ${afu%0}1" "mode $afu" 'top -c 1' state "state $afu"; do
		# shellcheck disable=SC2086
		has_json 0 $command --json
	done
	grep -q '"wed": "0x[0-9a-f]*"' out || fail "$(cat out)"
	has_json 0 inject --json irq "$afu" "$pe" 1
	has_json 3 inject -j irq "$afu" $((pe + 1)) 1
	has_json 4 mode --json "$afu" none
	has_json 4 reset --json "$afu"
	has_json 4 reset -j "$card"
	kill "$pid"
	ended 0
	has_json 0 mode --json "$afu" dedicated
	has_json 0 reset --json "$afu"
	has_json 0 reset -j "$card"
	has_json 0 destroy --json test
	for command in 'destroy test' 'info card9' 'mode afu9.0' 'reset card9' 'monitor afu9.0' 'state afu9.0' \
		'inject link card9 up'; do
		# shellcheck disable=SC2086
		has_json 3 $command --json
	done
	for command in frobnicate 'list --frobnicate' 'top --count' 'info' 'mode afu0.0 fast' 'list more' \
		'monitor --wed 1' 'inject thunder card0' 'create ../x'; do
		# shellcheck disable=SC2086
		has_json 2 $command --json
	done
	has_json 5 monitor --json --timeout 0.1 --count 1 afu0.0
}

# One line per context, as the card sees it
state_of_software_cards() {
	run 0 state
	shows '^afu0.0  '
	context --wed 0x1230 afu0.0
	run 0 state afu0.0
	shows "^afu0.0  pe=$pe state=[a-z]* wed=0x1230 elements=0 bytes=0 faults="
	kill "$pid"
	ended 0
	run 3 state afu0.3
	run 2 state card0
	says "invalid AFU name 'card0' (expected e.g. afu0.0)"
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
		run 0 info "$name"
		shows '^afu0.0$' '^  mode  *afu_directed$' '^  irqs_min  *4$' '^  mmio_size  *65536$' \
			'^  master mmio_size  *67108864$' '^  error buffer  *4096$' \
			'^  cr0 vendor  *0x1014$' '^  PCI device of the card  */sys/class/cxl/'
		run 0 info --json "$name"
		shows '"name": "afu0.0"' '"api_version": 5' '"error_buffer_size": 4096' \
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
		run 0 mode "$afu" "$mode"
		[ ! -s out ] || fail "$(cat out)"
		run 0 mode "$afu"
		case $(cat out) in *"$mode"*) ;; *) fail "$mode: $(cat out)" ;; esac
	done
	run 0 mode --json "$afu"
	[ "$(cat out)" = "{\"name\":\"$afu\",\"mode\":\"afu_directed\"}" ] || fail "$(cat out)"
	run 2 mode "$afu" sideways
	says "invalid mode 'sideways'"
	context "$afu"
	run 4 mode "$afu" dedicated
	says "$afu: the AFU has contexts, or a driver uses it"
	run 4 mode "$afu" none
	kill "$pid"
	ended 0
	new_card afu0/num_crs=0
	run 1 mode "$afu" dedicated
	says "$afu: the AFU does not support mode dedicated_process"
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
	says "$card: contexts are started (--force resets anyway)"
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

# A reset takes some time, but it may also be over at once.
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

# as_nobody STATUS ARGUMENT...: like run, as a user without privileges.
as_nobody() {
	want=$1
	shift
	[ -e /etc/passwd ] || {
		mkdir -p /etc
		echo 'nobody:x:65534:65534::/:/bin/sh' >/etc/passwd
	}
	chmod 755 "$work"
	status=0
	su nobody -c "/bin/afuctl $*" >out 2>err || status=$?
	[ "$status" -eq "$want" ] || fail "afuctl $*: status $status, not $want: $(cat err)"
	[ "$want" -eq 0 ] || [ "$(wc -l <err)" -eq 1 ] || fail "afuctl $*: not one line: $(cat err)"
}

others_than_root_see_and_change_nothing() {
	context afu0.0
	as_nobody 0 list
	shows '^card0  CAIA 1.0, ' '^`-- afu0.0  afu_directed, '
	! grep -q context out || fail "$(cat out)"
	as_nobody 0 info afu0.0
	shows '^  error buffer  *4096$'
	as_nobody 0 top -b -c 1
	shows_lines 2
	shows '^no contexts$'
	for command in 'mode afu0.0 none' 'reset afu0.0' 'reset card0' 'monitor afu0.0' 'create mine' \
		'destroy default'; do
		as_nobody 1 "$command"
		says "Permission denied"
	done
	as_nobody 1 monitor
	says "only root can monitor all contexts"
	as_nobody 1 state
	says "only root can see the state"
	for command in 'irq afu0.0 0 1' 'link card0 down'; do
		as_nobody 1 "inject $command"
		says "only root can inject"
	done
	# Root in a user namespace is root, but has no more privileges here.
	for command in 'inject irq afu0.0 0 1' monitor state; do
		status=0
		su nobody -c "unshare -U -r /bin/afuctl $command" >out 2>err || status=$?
		[ "$status" -eq 1 ] || fail "afuctl $command: status $status: $(cat err)"
		says ": Permission denied"
	done
	kill "$pid"
	ended 0
	[ ! -s mon ] || fail "$(cat mon)"
	chmod 666 /dev/cxl/afu0.0s
	as_nobody 0 'monitor --timeout 0.2 afu0.0'
	chmod 600 /dev/cxl/afu0.0s
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

tap_run afuctl help_of_every_command wrong_usage_is_status_2 absence_is_status_3 list_is_a_tree \
	names_of_processes_are_harmless list_as_json every_command_has_json \
	state_of_software_cards contexts_of_several_processes info_of_a_card_and_of_an_afu mode_is_shown_and_changed \
	reset_of_an_afu reset_of_a_card_waits_for_it reset_that_takes_too_long \
	others_than_root_see_and_change_nothing output_that_nobody_takes_is_a_failure

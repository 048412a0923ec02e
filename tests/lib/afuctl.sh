# SPDX-License-Identifier: GPL-2.0-only
# For the tests of afuctl, after tap.sh: run it, check what it prints, make
# contexts and cards. The working directory is empty.

work=$(mktemp -d)
cd "$work" || exit
config=/sys/kernel/config/cxl-sim
class=/sys/class/cxl
instances=/sys/kernel/tracing/instances

# conforms DEFINITION: standard input is JSON of this kind.
conforms() {
	/tests/schema/json-check /tests/schema/afuctl.json "$1" >wrong 2>&1 || fail "$1: $(cat wrong)"
}

# check_json STATUS COMMAND ARGUMENT...: check its output, if that should be
# JSON
check_json() {
	json_status=$1 json_command=${2-}
	while [ $# -gt 1 ] && [ "$2" != -- ]; do
		shift
		case $1 in
		--json | -j)
			if [ "$json_status" -ne 0 ]; then conforms error <err
			elif [ -s out ]; then conforms "$json_command" <out; fi
			return
			;;
		esac
	done
}

# run STATUS ARGUMENT...: afuctl must exit with STATUS; its output is in out and
# err, and has been checked if it is JSON.
run() {
	want=$1
	shift
	status=0
	afuctl "$@" >out 2>err || status=$?
	[ "$status" -eq "$want" ] ||
		fail "afuctl $*: status $status, not $want: $(cat err)"
	[ "$want" -eq 0 ] || [ "$(wc -l <err)" -eq 1 ] ||
		fail "afuctl $*: not one line: $(cat err)"
	check_json "$want" "$@"
}

# says TEXT: afuctl printed it to standard error.
says() {
	grep -qF -- "$1" err || fail "'$1' expected: $(cat err)"
}

# shows PATTERN...: each of them matches in a line of the output.
shows() {
	for pattern; do
		grep -qe "$pattern" out || fail "'$pattern' expected: $(cat out)"
	done
}

# shows_lines N
shows_lines() {
	[ "$(wc -l <out)" -eq "$1" ] || fail "not $1 lines: $(cat out)"
}

# becomes_true COMMAND...: within 10 s, times the scale.
becomes_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt $((200 * ${CXL_TIME_SCALE:-1})) ] || fail "does not happen: $*"
		usleep 50000
	done
}

# lists PATTERN: a line of afuctl list
lists() {
	afuctl list >list.out 2>&1 && grep -qe "$1" list.out
}

# context ARGUMENT...: run a monitor with a context of its own in the
# background; its output goes to mon.
context() {
	afuctl monitor "$@" >mon 2>mon.err &
	pid=$!
	becomes_true lists "context [0-9]*  started .*afuctl\[$pid\]"
	pe=$(sed -n "s/.*context \([0-9]*\)  started .*afuctl\[$pid\].*/\1/p" list.out)
}

# ended STATUS: the monitor must exit with STATUS, on its own or because it was
# told.
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

# new_card ARGUMENT...: create a software card for the test; its name is in
# $card, the name of its first AFU in $afu.
new_card() {
	remove_cards
	run 0 create test "$@"
	card=$(cat out)
	afu=afu${card#card}.0
}

trap remove_cards EXIT

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Programs that know nothing of it, on AFUs of whose registers each access is a
# message: they do what they do on the AFU in the kernel.

. /tests/lib/tap.sh

config=/sys/kernel/config/cxl-sim/default
out=/tmp/user_trapped.out

# default_card SETTING=VALUE...: the AFU of the default card shall be like this.
default_card() {
	echo 0 >"$config/live"
	for setting; do
		echo "${setting#*=}" >"$config/afu0/${setting%%=*}" || fail "$setting"
	done
	echo 1 >"$config/live"
}

# is_open_by PID: the AFU's node, which to open oneself would be in its way
is_open_by() {
	for fd in /proc/"$1"/fd/*; do
		[ "$(readlink "$fd")" != /dev/cxl-sim/default.afu0 ] || return 0
	done
	return 1
}

# Each test of tests/lib_afu.c, whose cards have trapped registers instead
libcxl_does_not_notice() {
	CXL_MODEL=trapped CXL_TEST_PREFIX='' /tests/lib_afu >"$out" 2>&1 ||
		fail "exit status $?: $(cat "$out")"
	[ "$(grep -c '^ok .*lib_afu' "$out")" -ge 17 ] || fail "$(cat "$out")"
	if grep -q SKIP "$out"; then fail "$(cat "$out")"; fi
}

# example NAME LINE: it ends well, and prints a line like this.
example() {
	"/tests/lib/example-$1" >"$out" 2>&1 || fail "$1: exit status $?: $(cat "$out")"
	grep -qxE "$2" "$out" || fail "$1: $(cat "$out")"
}

# Programs of the library's manual pages: see tests/lib_examples.sh
run_examples() {
	example cxl_mmio_map 'process element [0-9]+, register 0x([0-9a-f]{1,4}0{12}|0)'
	example cxl_mmio_install_sigbus_handler '0x[0-9a-f]+'
	example cxl_afu_attach_work 'status 0x80: copied by the AFU'
	# Which maps registers by itself, and so cannot be had here.
	if /tests/lib/example-memcpy-afu >"$out" 2>&1; then
		fail "registers were mapped"
	fi
	grep -q 'not supported' "$out" || fail "$(cat "$out")"
}

examples_do_not_notice() {
	[ "${CXL_MODEL-}" != user ] || skip 'the AFU of the default card is a program already'
	model=$(cat "$config/afu0/model") modes=$(cat "$config/afu0/modes")
	default_card model=user modes=directed mmio=trapped
	/tests/lib/afu-memcpy /dev/cxl-sim/default.afu0 &
	pid=$!
	tries=0
	until is_open_by "$pid"; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || fail "the AFU does not begin"
		sleep 0.1
	done
	said=$(run_examples) || said="${said:-it failed}"
	kill "$pid"
	default_card mmio=mapped "model=$model" "modes=$modes"
	[ -z "$said" ] || fail "$said"
}

tap_run user_trapped libcxl_does_not_notice examples_do_not_notice

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A locked-down kernel, in a guest of its own: it stays locked down until the
# end.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The guest runs once for all tests; $work/log has all of its output.
locked_down() {
	[ -f "$work/log" ] || CXL_TEST_PREFIX='' vm/run-guest --name lockdown --load 'cxl cxl-sim' '
		mount -t securityfs securityfs /sys/kernel/security
		[ -e /sys/kernel/security/lockdown ] || { echo unsupported; exit; }
		CXL_LOCKDOWN=1 /tests/user_kernel
		cat /sys/kernel/security/lockdown
		afuctl create mine afu0/model=user afu0/allow_kernel_contexts=1
		afuctl inject link card0 down' >"$work/log" 2>&1 || :
	! grep -qx unsupported "$work/log" || skip "the kernel cannot be locked down"
	grep -q '^none \[integrity\]' "$work/log" || fail "$(cat "$work/log")"
}

# says LINE
says() {
	grep -qxF "$1" "$work/log" || fail "$(cat "$work/log")"
}

models_get_no_kernel_contexts() {
	locked_down
	says 'ok 1 - user_kernel.refused_by_a_kernel_that_is_locked_down'
}

afuctl_says_so() {
	locked_down
	says 'afuctl: afu0/allow_kernel_contexts: cannot set it: the kernel is locked down'
}

nothing_is_injected() {
	locked_down
	says 'afuctl: card0: cannot inject: the kernel is locked down'
}

tap_run lockdown models_get_no_kernel_contexts afuctl_says_so nothing_is_injected

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What decides whether a run passed: would it notice failures?

. tests/lib/tap.sh
. scripts/tap-report.sh

# merged LINE...: the report on these lines, and its status.
merged() {
	file=$(mktemp)
	status=0
	report=$(printf '%s\n' "$@" | tap_report "$file") || status=$?
	rm -f "$file"
	closing=$(echo "$report" | tail -n 1)
}

reports() {
	echo "$report" | grep -qxF -- "$1" || fail "no line '$1' in: $report"
}

closes_with() {
	[ "$closing" = "$1" ] || fail "closes with '$closing', not '$1'"
	case $1 in
	*" 0 failed"*) [ "$status" -eq 0 ] || fail "exit status $status" ;;
	*) [ "$status" -ne 0 ] || fail "exit status 0" ;;
	esac
}

all_good_passes() {
	merged 'cxl-check: begin a' 'TAP version 13' '1..2' 'ok 1 - a.x' 'ok 2 - a.y' \
		'cxl-check: end 0' 'cxl-check: begin b.sh' 'ok 1 - b.z' '1..1' 'cxl-check: end 0'
	reports 'ok 3 - b.z'
	reports '1..3'
	closes_with '3 passed, 0 failed'
}

failed_test_fails() {
	merged 'cxl-check: begin a' '1..2' 'ok 1 - a.x' 'not ok 2 - a.y' 'cxl-check: end 1'
	reports 'not ok 2 - a.y'
	reports '# failed: a.y'
	closes_with '1 passed, 1 failed'
}

skipped_test_is_not_passed() {
	merged 'cxl-check: begin a' '1..2' 'ok 1 - a.x' 'ok 2 - a.y # SKIP no card' \
		'cxl-check: end 0'
	reports 'ok 2 - a.y # SKIP no card'
	closes_with '1 passed, 0 failed, 1 skipped'
}

short_of_plan_fails() {
	merged 'cxl-check: begin a' '1..3' 'ok 1 - a.x' 'ok 2 - a.y' 'cxl-check: end 0'
	reports 'not ok 3 - a.completes'
	closes_with '2 passed, 1 failed'
}

no_plan_fails() {
	merged 'cxl-check: begin a' 'ok 1 - a.x' 'cxl-check: end 0'
	reports 'not ok 2 - a.completes'
	closes_with '1 passed, 1 failed'
}

bad_exit_status_fails() {
	merged 'cxl-check: begin a' '1..1' 'ok 1 - a.x' 'cxl-check: end 139'
	closes_with '1 passed, 1 failed'
}

bail_out_fails() {
	merged 'cxl-check: begin a' '1..1' 'ok 1 - a.x' 'Bail out! lost' 'cxl-check: end 0'
	closes_with '1 passed, 1 failed'
}

death_of_the_guest_fails() {
	merged 'cxl-check: begin a' '1..2' 'ok 1 - a.x' 'cxl-check: begin b' '1..1' \
		'ok 1 - b.x' 'cxl-check: end 0'
	reports 'not ok 2 - a.completes'
	closes_with '2 passed, 1 failed'
}

no_test_at_all_fails() {
	merged '# nothing'
	[ "$status" -ne 0 ] || fail "exit status 0, closing with '$closing'"
}

# complains LINE: does the kernel complain with it?
complains() {
	printf '%s\n' '[ 1.0] cxl-vm: begin event' "$1" | awk -f vm/splats.awk
}

kernel_complaints_are_seen() {
	for line in \
		'[    3.6] ------------[ cut here ]------------' \
		'[    3.6] WARNING: CPU: 1 PID: 101 at event.c:6 m_init+0x20/0x1000 [cxl]' \
		'[    3.6] BUG: kernel NULL pointer dereference, address: 0000000000000008' \
		'[    3.6] BUG: KASAN: use-after-free in cxl_read+0x1/0x2 [cxl]' \
		'[    3.6] UBSAN: shift-out-of-bounds in irq.c:3:1' \
		'[    3.6] Oops: 0002 [#1] PREEMPT SMP NOPTI' \
		'[    3.6] general protection fault, probably for non-canonical address 0x1' \
		'[    3.6] Kernel panic - not syncing: Fatal exception' \
		'[    3.6] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:' \
		'[    3.6] INFO: task cat:99 blocked for more than 30 seconds.' \
		'[    3.6] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [cat:99]' \
		'[    3.6] WARNING: possible circular locking dependency detected' \
		'[    3.6] kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'
	do
		complains "$line" >/dev/null || fail "not seen: $line"
	done
	complains '[ 3.6] Oops: 0002' | grep -q 'while event was running' ||
		fail "the program that ran is not named"
}

kernel_complaints_are_counted() {
	{
		echo '[ 3.6] BUG: KASAN: use-after-free in cxl_read+0x1/0x2 [cxl]'
		echo '[ 3.6] Call Trace:'
		seq 10
		echo '[ 3.7] ------------[ cut here ]------------'
		echo '[ 3.7] WARNING: CPU: 1 PID: 101 at event.c:6'
	} | awk -f vm/splats.awk | grep '^Kernel complaint' | tail -n 1 | grep -q ' 2' ||
		fail "not counted as 2"
}

# told_apart LINE...: what is said of a console on which wake_them() may complain
told_apart() {
	printf '%s\n' "$@" | awk -v known='wait.c.*wake_them' -f vm/splats.awk
}

known_complaints_are_told_apart() {
	# shellcheck disable=SC2046
	set -- '[ 3.6] WARNING: CPU: 1 PID: 101 at wait.c:87' '[ 3.6]  wake_them+0x1/0x2' $(seq 10)
	! said=$(told_apart "$@") || fail "taken for another: $said"
	said=$(told_apart "$@" '[ 3.7] WARNING: CPU: 1 PID: 101 at event.c:6') || fail "no other is seen"
	[ "$(echo "$said" | grep complaint)" = "$(printf '%s\n' 'Known complaint 1:' 'Kernel complaint 1:')" ] ||
		fail "$said"
}

plain_messages_are_no_complaints() {
	for line in \
		'[    3.6] cxl: loading out-of-tree module taints kernel.' \
		'[    3.6] event[77]: segfault at 0 ip 0000000000401 sp 00007ffd error 6 in event' \
		'[    3.6] traps: event[77] general protection fault ip:401 sp:7ffd error:0 in event' \
		'[    3.6] cxl afu0.0: driver sent an event of 200 bytes, limit is 128'
	do
		! complains "$line" >/dev/null || fail "taken for a complaint: $line"
	done
}

tap_run harness all_good_passes failed_test_fails skipped_test_is_not_passed \
	short_of_plan_fails no_plan_fails bad_exit_status_fails bail_out_fails \
	death_of_the_guest_fails no_test_at_all_fails kernel_complaints_are_seen \
	kernel_complaints_are_counted known_complaints_are_told_apart plain_messages_are_no_complaints

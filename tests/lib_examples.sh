#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The programs in the library's manual pages do what the text says.

. /tests/lib/tap.sh

out=/tmp/lib_examples.out

# example NAME [ARGUMENT]...: it succeeds, and its output is in $out.
example() {
	program=/tests/lib/example-$1
	shift
	"$program" "$@" >"$out" 2>&1 || fail "exit status $?: $(cat "$out")"
}

# prints PATTERN: a whole line of the output matches.
prints() {
	grep -qxE "$1" "$out" || fail "no line '$1' in: $(cat "$out")"
}

cxl_adapter_next() {
	example cxl_adapter_next
	prints 'card0: afu0.0'
}

cxl_afu_next() {
	example cxl_afu_next
	prints 'afu0.0s'
}

cxl_afu_open_dev() {
	example cxl_afu_open_dev /dev/cxl/afu0.0m
	prints 'afu0.0m is process element [0-9]+'
	if /tests/lib/example-cxl_afu_open_dev /dev/null >"$out" 2>&1; then
		fail "opened /dev/null"
	fi
	prints '/dev/null: No such device'
}

cxl_afu_attach_work() {
	example cxl_afu_attach_work
	prints 'status 0x80: copied by the AFU'
}

cxl_work_alloc() {
	example cxl_work_alloc
}

cxl_afu_host_thread_wait() {
	example cxl_afu_host_thread_wait
	prints 'done'
}

cxl_get_mode() {
	example cxl_get_mode
	prints 'afu0.0: directed, 4 to 2037 interrupts'
}

cxl_get_caia_version() {
	example cxl_get_caia_version
	prints 'card0: CAIA 1.0, user image'
}

cxl_get_cr_vendor() {
	example cxl_get_cr_vendor
	prints 'afu0.0'
}

cxl_afu_sysfs_pci() {
	example cxl_afu_sysfs_pci
	[ "$(cat "$(cat "$out")/vendor")" = 0x1014 ] || fail "$(cat "$out") is no IBM card"
}

cxl_errinfo_read() {
	example cxl_errinfo_read
	prints '4096 of 4096 bytes'
}

# Without work the memcpy AFU faults, so there is an event.
cxl_read_event() {
	example cxl_read_event
	prints 'AFU Invalid memory reference: 0x0'
}

cxl_next_event() {
	example cxl_next_event
	grep -qE '^data_storage:( [0-9a-f]{2}){32}$' "$out" || fail "$(cat "$out")"
}

cxl_event_stamp() {
	example cxl_event_stamp
	prints 'event 0, [0-9]+ ns ago, 0 lost before'
}

cxl_fprint_event() {
	example cxl_fprint_event
	prints 'afu_interrupt: AFU Interrupt 3'
}

cxl_mmio_map() {
	example cxl_mmio_map
	pe=$(sed -n 's/process element \([0-9]*\),.*/\1/p' "$out")
	prints "process element [0-9]+, register 0x$(printf %x $((pe << 48)))"
}

cxl_mmio_install_sigbus_handler() {
	example cxl_mmio_install_sigbus_handler
	prints '0x[0-9a-f]+'
}

cxl_set_roots() {
	example cxl_set_roots
	prints card5
}

# Every example that was built is run above.
none_is_left_out() {
	for program in /tests/lib/example-cxl_*; do
		grep -q "^	example ${program#*/example-}" /tests/lib_examples.sh ||
			fail "${program#*/example-} is not run"
	done
}

tap_run lib_examples cxl_adapter_next cxl_afu_next cxl_afu_open_dev cxl_afu_attach_work \
	cxl_work_alloc cxl_afu_host_thread_wait cxl_get_mode cxl_get_caia_version \
	cxl_get_cr_vendor cxl_afu_sysfs_pci cxl_errinfo_read cxl_read_event cxl_next_event \
	cxl_event_stamp cxl_fprint_event cxl_mmio_map cxl_mmio_install_sigbus_handler \
	cxl_set_roots none_is_left_out

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What else is named cxl: the driver that kernels had up to 6.14, and those of
# Compute Express Link. modprobe can load all of them, if the kernel has them;
# the kernel complains if a name is taken.

set -eu
. /tests/lib/tap.sh

modules=/lib/modules/$(uname -r)
is_loaded() {
	grep -q "^$1 " /proc/modules
}

load_express_link() {
	loaded=0
	for module in cxl_acpi cxl_pci cxl_mem cxl_pmem cxl_port; do
		[ -n "$(find "$modules/kernel/drivers/cxl" -name "$module.ko" 2>/dev/null)" ] || continue
		modprobe "$module" || fail "$module does not load"
		is_loaded "$module" || fail "$module was not loaded"
		loaded=$((loaded + 1))
	done
	[ "$loaded" -gt 0 ] || skip "this kernel has no such modules"
	[ -d /sys/bus/cxl ] || fail "Compute Express Link is not there"
}

unload() {
	for module; do
		! is_loaded "$module" || rmmod "$module" || fail "$module stays"
	done
}

# Their dependencies differ between kernels.
unload_express_link() {
	all='cxl_pmem cxl_mem cxl_acpi cxl_pci cxl_port cxl_core'
	for _ in $all; do
		for module in $all; do
			! is_loaded "$module" || rmmod "$module" 2>/dev/null || :
		done
	done
	for module in $all; do
		! is_loaded "$module" || fail "$module stays"
	done
}

unload_ours() {
	unload cxl_copy cxl_sim cxl
}

load_ours() {
	modprobe cxl
	modprobe cxl-sim
	modprobe cxl-copy
}

works() {
	head -c 300000 /dev/urandom >src
	afu-cp src dst || fail "afu-cp does not work"
	cmp src dst || fail "the copy is another"
	[ -d /sys/class/cxl/afu0.0s ] || fail "the class is not there"
	[ -d /sys/kernel/debug/cxl-afu/card0 ] || fail "debugfs is not there"
	[ -d /sys/kernel/tracing/events/cxl/cxl_event_post ] || fail "the trace events are not there"
}

the_old_driver_gives_way() {
	[ -e "$modules/kernel/drivers/misc/cxl/cxl.ko" ] ||
		skip "this kernel has no driver of that name"
	unload_ours
	modprobe cxl
	grep -q 'cxl_unset_driver_ops.*\[cxl\]' /proc/kallsyms || fail "another cxl.ko was loaded"
	load_ours
	works
}

express_link_loads_beside_ours() {
	load_express_link
	works
	unload_express_link
	works
}

ours_load_beside_express_link() {
	unload_ours
	load_express_link
	load_ours
	works
	unload_ours
	[ -d /sys/bus/cxl ] || fail "Compute Express Link has gone"
	unload_express_link
	load_ours
	works
}

cd "$(mktemp -d)"
tap_run neighbours the_old_driver_gives_way express_link_loads_beside_ours \
	ours_load_beside_express_link

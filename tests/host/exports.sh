#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the modules export, compared with the exports of the stock kernel and its
# modules.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
ours=$out/modules/Module.symvers
stock=$kernel_dir/headers/Module.symvers
# The driver that the kernel had until 6.14: cxl.ko takes its place.
old_driver=drivers/misc/cxl/cxl

# symbols SYMVERS: each symbol, its exporter, and the kind of export
symbols() {
	[ -s "$1" ] || fail "there is no $1"
	tr '\t' '|' <"$1" | awk -F'|' '{ print $2, $3, $4 }'
}

none_is_exported_twice() {
	symbols "$ours" | cut -d' ' -f1 | sort >"$work/ours"
	symbols "$stock" | grep -v " $old_driver " | sort >"$work/stock"
	[ "$(wc -l <"$work/stock")" -gt 1000 ] || fail "the kernel exports next to nothing"
	twice=$(join "$work/ours" "$work/stock")
	[ -z "$twice" ] || fail "$twice"
}

all_are_for_gpl_modules() {
	others=$(symbols "$ours" | grep -v ' EXPORT_SYMBOL_GPL$') || :
	[ -z "$others" ] || fail "$others"
}

# modprobe prefers modules in updates or extra to those that came with the
# kernel.
old_driver_gives_way() {
	[ -e "$kernel_dir/modules/kernel/$old_driver.ko" ] ||
		[ -e "$kernel_dir/modules/kernel/$old_driver.ko.xz" ] ||
		skip "this kernel has no driver of that name"
	release=$(cat "$kernel_dir/release")
	to=$work/root/lib/modules/$release
	mkdir -p "$to/extra" "$to/kernel/${old_driver%/*}"
	cp "$kernel_dir/modules/modules.order" "$kernel_dir/modules/modules.builtin"* "$to"
	cp "$kernel_dir/modules/kernel/$old_driver".ko* "$to/kernel/${old_driver%/*}"
	cp "$out/modules/drivers/misc/cxl/cxl.ko" "$to/extra"
	depmod -b "$work/root" "$release"
	chosen=$(grep '/cxl\.ko[.a-z]*:' "$to/modules.dep" | cut -d: -f1)
	[ "$chosen" = extra/cxl.ko ] || fail "modprobe would load $chosen"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
tap_run exports none_is_exported_twice all_are_for_gpl_modules old_driver_gives_way

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What Documentation/install.md says about systemd and about signed modules.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
page=Documentation/install.md
unit=cxl-afu-cards.service
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

native() {
	[ "$deb_arch" = "$(dpkg --print-architecture)" ] || skip "the programs are for $deb_arch"
}

needs() {
	for program; do
		command -v "$program" >/dev/null || skip "no $program"
	done
}

# The unit, with the afuctl of this build
write_unit() {
	mkdir -p "$work/root/etc/systemd/system"
	sed -n '/^\[Unit\]$/,/^```$/p' "$page" | sed '$d' |
		sed "s,/usr/bin/afuctl,$out/tools/afuctl," >"$work/root/etc/systemd/system/$unit"
	grep -q '^ExecStart=.*afuctl create' "$work/root/etc/systemd/system/$unit" || fail "no unit in $page"
}

unit_is_right() {
	native
	needs systemd-analyze systemctl
	write_unit
	systemd-analyze verify --man=no "$work/root/etc/systemd/system/$unit" >"$work/log" 2>&1 || :
	! grep "$unit" "$work/log" || fail "systemd complains"
	systemctl --root="$work/root" enable "$unit" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
	[ -L "$work/root/etc/systemd/system/multi-user.target.wants/$unit" ] || fail "it does not start at boot"
}

# exec_of WORD: the unit's command, as the guest has it
exec_of() {
	sed -n "s,^$1=/usr/bin/,,p" "$page"
}

unit_makes_and_removes_the_card() {
	vm/run-guest --name install-page --load cxl-sim "
		$(exec_of ExecStart) && cat /sys/kernel/config/cxl-sim/mine/live &&
		$(exec_of ExecStop) && [ ! -e /sys/kernel/config/cxl-sim/mine ] && echo removed" \
		>"$work/log" 2>&1 || fail "$(cat "$work/log")"
	grep -qx 1 "$work/log" || fail "no card: $(cat "$work/log")"
	grep -qx removed "$work/log" || fail "$(cat "$work/log")"
}

# The page's own commands
sign() {
	needs openssl
	sign_file=$(find "$kernel_dir/" -path '*/scripts/sign-file' | head -n 1)
	[ -n "$sign_file" ] || skip "no sign-file"
	cp "$out/modules/drivers/misc/cxl/cxl.ko" "$work/cxl.ko"
	sed "s,/lib/modules/.*/sign-file,$sign_file," "$page" >"$work/page.md"
	grep -q "^# $sign_file" "$work/page.md" || fail "no sign-file in $page"
	run_page=$PWD/scripts/run-page
	(cd "$work" && PATH=$PATH:/sbin "$run_page" page.md#your-own-key) >"$work/log" 2>&1 ||
		fail "$(cat "$work/log")"
}

modules_can_be_signed() {
	sign
	[ -z "$(PATH=$PATH:/sbin modinfo -F signer "$out/modules/drivers/misc/cxl/cxl.ko")" ] ||
		fail "it is signed without"
	[ "$(PATH=$PATH:/sbin modinfo -F signer "$work/cxl.ko")" = 'my modules' ] ||
		fail "signer: $(PATH=$PATH:/sbin modinfo -F signer "$work/cxl.ko")"
}

# As with Secure Boot; this kernel cannot be given a key.
kernel_refuses_keys_that_it_does_not_know() {
	own=$(find "$kernel_dir/" -name 'configfs.ko*' | head -n 1)
	if [ -z "$own" ] || [ -z "$(PATH=$PATH:/sbin modinfo -F signer "$own")" ]; then
		skip "modules of this kernel are not signed"
	fi
	sign
	vm/run-guest --name install-page --append module.sig_enforce=1 --add "$work/cxl.ko:/signed.ko" '
		modprobe cxl && exit 1
		insmod /signed.ko && exit 1
		modprobe configfs && echo "its own are loaded"' >"$work/log" 2>&1 ||
		fail "$(cat "$work/log")"
	grep -qx 'its own are loaded' "$work/log" || fail "$(cat "$work/log")"
	[ "$(grep -cE 'Key was rejected by service|Required key not available' "$work/log")" -eq 2 ] ||
		fail "refused for another reason: $(cat "$work/log")"
}

tap_run install_page unit_is_right unit_makes_and_removes_the_card \
	modules_can_be_signed kernel_refuses_keys_that_it_does_not_know

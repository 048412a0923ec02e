# SPDX-License-Identifier: GPL-2.0-only
# Sourced by check-deb: the tests that boot the Debian in $root, also with Secure Boot,
# after the commands of Documentation/install.md were run there as printed.

# run_section NAME: that of the page, in the checkout, for the kernel that is going to
# be booted
run_section() {
	[ -d "$checkout" ] || {
		mkdir "$checkout"
		packaging/pack-source "$work/source.tar" && tar -xf "$work/source.tar" -C "$checkout" ||
			return 1
		cat >"$root/root/uname.c" <<-END
			#define _GNU_SOURCE
			#include <string.h>
			#include <sys/syscall.h>
			#include <sys/utsname.h>
			#include <unistd.h>

			int uname(struct utsname *name)
			{
				int rc = syscall(SYS_uname, name);

				strcpy(name->release, "$release");
				return rc;
			}
		END
		in_chroot gcc -shared -fPIC -o /root/uname.so /root/uname.c || return 1
	}
	quietly in_chroot env LD_PRELOAD=/root/uname.so sh -c \
		"cd /tmp/cxl-afu && scripts/run-page 'Documentation/install.md#$1'"
}

# forget_boot: remove what the section "At boot" has made.
forget_boot() {
	in_chroot systemctl disable cxl-afu-cards >>"$log" 2>&1 || :
	rm -f "$root/etc/modules-load.d/cxl-afu.conf" "$root/etc/systemd/system/cxl-afu-cards.service"
}

# command_of_page BEGIN: the command that begins so in a sentence of the page
command_of_page() {
	grep -o "\`$1[^\`]*" Documentation/install.md | cut -c2- | grep -m 1 /
}

# boot [OPTION]... COMMAND
boot() {
	quietly vm/boot-root --name check-deb "$@"
}

# says_so LINE...: the last command that was run quietly.
says_so() {
	for line; do
		grep -qx "$line" "$work/out" && continue
		echo "# '$line' expected"
		sed 's/^/# /' "$work/out"
		return 1
	done
}

# What a guest says if all was loaded and made at boot
# shellcheck disable=SC2016 # Shell code for the guest
show_cards='
	lsmod | sed -n "s/^\(cxl[_a-z]*\) .*/\1 is loaded/p"
	for node in cxl/afu0.0s cxl/afu0.0m cxl-copy0; do
		echo "$node $(stat -c "%G %a" /dev/$node)"
	done
	echo "afu0.0 is $(readlink /dev/cxl/afu0.0)"
	systemctl is-active cxl-afu-cards
	afuctl list'
cards_are_there() {
	says_so 'cxl is loaded' 'cxl_sim is loaded' 'cxl_copy is loaded' \
		'cxl/afu0.0s capi 660' 'cxl/afu0.0m root 600' 'cxl-copy0 capi 660' \
		'afu0.0 is afu0.0s' 'active' 'card0  .* software card default' \
		'card1  .* software card mine'
}

cards_are_there_after_boot() {
	run_section at-boot && boot "$root" "set -e; $show_cards"'
		head -c 3000000 /dev/urandom >/tmp/file
		afuctl monitor --json -- afu-cp /tmp/file /tmp/copy
		cmp /tmp/file /tmp/copy
		echo all is well' &&
		cards_are_there && says_so '{"event":"deliver",.*"afu_driver".*' 'all is well'
}

# The only card is that of the unit, with a memcpy AFU for cxl-copy.
cards_can_be_left_out() {
	run_section without-the-default-card-or-the-copy-service || return 1
	boot "$root" 'lsmod | grep -c "^cxl_copy "; afuctl list; ls /dev/cxl-copy*; :' || :
	rm "$root/etc/modprobe.d/cxl-afu.conf"
	says_so 0 'card0  .* software card mine' 'ls: cannot access .*' &&
		! grep 'software card default' "$work/out"
}

# With DKMS's key and one of our own: before they are enrolled no module is loaded,
# neither at boot nor by hand; afterwards those that are signed are.
secure_boot_wants_the_key_enrolled() {
	variables=$work/variables
	import=$(command_of_page 'mokutil --import')
	test_key=$(command_of_page 'mokutil --test-key')
	in_chroot sh -c "cp /lib/modules/$release/updates/dkms/cxl.ko /tmp/cxl-afu &&
		strip -g -o /root/unsigned.ko /tmp/cxl-afu/cxl.ko" && run_section your-own-key || return 1
	cp "$checkout/cxl.ko" "$checkout/MOK.der" "$root/root"
	boot --secure-boot "$variables" "$root" "mokutil --sb-state
		systemctl is-failed systemd-modules-load
		modprobe cxl
		lsmod | grep -c '^cxl '
		$test_key
		for key in '$import' 'mokutil --import /root/MOK.der'; do
			printf 'password\npassword\n' | \$key && echo asked for
		done; :" || :
	says_so 'SecureBoot enabled' failed '.* Key was rejected by service' 0 'asked for' \
		'.*mok.pub is not enrolled.*' || return 1
	boot --secure-boot "$variables" --enrol password "$root" "mokutil --sb-state
		$test_key
		$show_cards
		modprobe -r cxl-copy && systemctl stop cxl-afu-cards && modprobe -r cxl-sim && modprobe -r cxl
		insmod /root/unsigned.ko
		insmod /root/cxl.ko && echo my own is loaded" &&
		cards_are_there &&
		says_so 'SecureBoot enabled' '.*mok.pub is already enrolled' \
			'.*unsigned.ko: Key was rejected by service' 'my own is loaded'
}

# By make install and install-modules, which need nothing that boots guests
without_packages_it_is_there_after_boot() {
	find "$root/usr/local" ! -type d | sort >"$work/local.before"
	run_section without-packages && in_chroot sh -c '! command -v cpio' &&
		run_section at-boot &&
		sed -i 's,/usr/bin/afuctl,/usr/local/bin/afuctl,' "$root/etc/systemd/system/cxl-afu-cards.service" &&
		boot "$root" "$show_cards; modinfo -F filename cxl; afu-cp /bin/sh /tmp/copy; cmp /bin/sh /tmp/copy" &&
		cards_are_there && says_so "/lib/modules/$release/updates/drivers/misc/cxl/cxl.ko" || return 1
	quietly in_chroot sh -c 'cd /tmp/cxl-afu && ./run uninstall' || return 1
	find "$root/usr/local" ! -type d | sort | diff "$work/local.before" - >"$work/diff" || {
		sed 's/^/# /' "$work/diff"
		return 1
	}
}

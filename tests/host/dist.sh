#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Packages for RPM and for Arch Linux are built from the archive of "make dist", by
# rpmbuild and makepkg of Debian, which knows no dependencies of theirs.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

# prepared COMMAND: the archive is made once.
prepared() {
	slow
	[ "$deb_arch" = "$(dpkg --print-architecture)" ] || skip "packages are built for this machine"
	command -v "$1" >/dev/null || skip "$1 is not there; 'CXL_SLOW=1 ./run check' installs it"
	[ ! -d "$work/dist" ] || return 0
	env -u MAKEFLAGS -u MFLAGS make --no-print-directory dist BUILD="$work/dist" >"$work/log" 2>&1 ||
		fail "$(cat "$work/log")"
}

# has FILE...: each is in the list of a package's files, man pages packed or not.
has() {
	for file; do
		grep -qxE "$file(\.gz)?" "$work/list" || fail "there is no $file: $(cat "$work/list")"
	done
}

# rpm_has PACKAGE FILE...
rpm_has() {
	rpm -qpl --dbpath "$work/rpmdb" "$work/rpm/RPMS"/*/"$1"-[0-9]*.rpm >"$work/list" ||
		fail "there is no package $1"
	shift
	has "$@"
}

rpm_packages_are_built() {
	prepared rpmbuild
	env -u MAKEFLAGS -u MFLAGS rpmbuild --nodeps --define "_topdir $work/rpm" \
		--define "_libdir /usr/lib64" -tb "$work"/dist/cxl-afu-*.tar.xz >"$work/log" 2>&1 ||
		fail "$(tail -n 40 "$work/log")"
	[ "$(find "$work/rpm/RPMS" -name '*.rpm' | wc -l)" -eq 6 ] || fail "$(find "$work/rpm/RPMS")"
	rpm_has cxl-afu /usr/bin/afuctl /usr/bin/afu-flash /usr/share/man/man4/cxl.4 \
		/usr/lib/udev/rules.d/60-cxl-afu.rules
	rpm_has cxl-afu-libs /usr/lib64/cxl-afu/libcxl.so.1 /usr/lib64/cxl-afu/libafu.so.1 \
		/usr/lib64/cxl-afu/libpsl.so.1
	rpm_has cxl-afu-devel /usr/include/cxl-afu/libcxl.h /usr/lib64/cxl-afu/libcxl.so \
		/usr/lib64/pkgconfig/libcxl-afu.pc
	rpm_has python3-cxl-afu /usr/lib/python3/site-packages/cxl_afu/__init__.py
	rpm_has cxl-afu-dkms /usr/src/cxl-afu-1.0/dkms.conf
	rpm_has cxl-afu-kernel-devel /usr/src/cxl-afu-headers-1.0/include/misc/cxl.h
}

# makepkg does not want to be root.
arch_package_is_built() {
	prepared makepkg
	cp -R "$work/dist" "$work/arch"
	set -- makepkg --nodeps --nocheck --noconfirm
	if [ "$(id -u)" -eq 0 ]; then
		chown -R nobody "$work/arch"
		set -- setpriv --reuid nobody --regid nogroup --clear-groups "$@"
	fi
	(cd "$work/arch" && env -u MAKEFLAGS -u MFLAGS -u BUILD HOME="$work/arch" \
		PKGDEST="$work/arch" BUILDDIR="$work/arch" "$@") >"$work/log" 2>&1 ||
		fail "$(tail -n 40 "$work/log")"
	tar -tf "$work"/arch/cxl-afu-1.0-1-*.pkg.tar* >"$work/list" || fail "there is no package"
	has usr/bin/afuctl usr/lib/cxl-afu/libcxl.so.1 usr/lib/cxl-afu/libpsl.so.1 \
		usr/include/cxl-afu/libcxl.h usr/share/man/man1/afuctl.1 \
		usr/src/cxl-afu-1.0/dkms.conf usr/src/cxl-afu-headers-1.0/include/misc/cxl.h \
		usr/lib/udev/rules.d/60-cxl-afu.rules usr/share/licenses/cxl-afu/COPYING
}

tap_run dist rpm_packages_are_built arch_package_is_built

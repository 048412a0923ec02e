#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Packages for RPM and for Arch Linux are built from the archive of "make dist", by
# rpmbuild and makepkg of Debian, which knows no dependencies of theirs. Installed in
# a folder, they are what "make install" installs, and work.

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

# list_files ROOT: without what only packages have, man pages packed or not
list_files() {
	(cd "$1" && find . ! -type d) | sed 's/\.gz$//' |
		grep -vE '^\./(\.[A-Z]+$|usr/share/(doc|licenses)/|usr/lib/\.build-id/|var/)' | sort
}

# is_complete ROOT VARIABLE...: it has just the files of "make install" with these.
is_complete() {
	installed=$1
	shift
	rm -rf "$work/reference"
	env -u MAKEFLAGS -u MFLAGS make --no-print-directory install install-dkms install-kernel-headers \
		DESTDIR="$work/reference" PREFIX=/usr "$@" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
	list_files "$work/reference" >"$work/wanted"
	[ "$(wc -l <"$work/wanted")" -gt 100 ] || fail "make install has installed nearly nothing"
	list_files "$installed" | diff "$work/wanted" - >"$work/log" || fail "$(cat "$work/log")"
}

# works ROOT LIBDIR PYTHONDIR LICENCE: programs are linked with the library's path, and
# start with it; the Python package finds it.
works() {
	for program in afuctl afu-cp afu-psl afu-flash; do
		LD_LIBRARY_PATH=$1$2/cxl-afu "$1/usr/bin/$program" --version | grep -qx "$program [0-9.]*" ||
			fail "$program does not start"
	done
	readelf -d "$1/usr/bin/afuctl" | grep -q "R.*PATH.*\[$2/cxl-afu\]" || fail "afuctl looks elsewhere"
	LD_LIBRARY_PATH=$1$2/cxl-afu PYTHONPATH=$1$3 python3 -c 'import cxl_afu, cxl_afu.model
assert cxl_afu.__file__.startswith("'"$1"'")
list(cxl_afu.afus())' || fail "the Python package does not work"
	[ -x "$1/usr/src/cxl-afu-1.0/dkms-build" ] || fail "no dkms-build that can be run"
	[ -s "$1$4" ] || fail "the licence is not installed: '$4'"
}

rpm_packages_are_built() {
	prepared rpmbuild
	env -u MAKEFLAGS -u MFLAGS rpmbuild --nodeps --define "_topdir $work/rpm" \
		--define "_libdir /usr/lib64" -tb "$work"/dist/cxl-afu-*.tar.xz >"$work/log" 2>&1 ||
		fail "$(tail -n 40 "$work/log")"
	for package in cxl-afu cxl-afu-libs cxl-afu-devel python3-cxl-afu cxl-afu-dkms cxl-afu-kernel-devel; do
		[ -f "$(echo "$work"/rpm/RPMS/*/"$package"-[0-9]*.rpm)" ] || fail "no package $package"
	done
}

# Installed one by one, so that no file is in two of them. The scripts are dkms's.
rpm_packages_are_complete_and_work() {
	prepared rpmbuild
	root=$work/rpm-root
	rpm="rpm --root $root --dbpath /var/lib/rpm"
	for package in "$work"/rpm/RPMS/*/*.rpm; do
		$rpm --install --nodeps --noscripts "$package" >"$work/log" 2>&1 ||
			fail "$package: $(cat "$work/log")"
	done
	is_complete "$root" libdir=/usr/lib64 pythondir=/usr/lib/python3/site-packages
	works "$root" /usr/lib64 /usr/lib/python3/site-packages \
		"$($rpm -q --licensefiles cxl-afu | grep '/COPYING$')"
	$rpm -q --requires python3-cxl-afu | grep -qx 'cxl-afu-libs = 1.0-1' ||
		fail "the Python package does not want the library"
	# shellcheck disable=SC2046
	$rpm --erase --noscripts $($rpm -qa) 2>"$work/log" || fail "they cannot be erased"
	[ -z "$(list_files "$root")" ] || fail "left: $(list_files "$root")"
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
	mkdir "$work/arch-root"
	tar -xf "$work"/arch/cxl-afu-1.0-1-*.pkg.tar* -C "$work/arch-root" || fail "there is no package"
}

# Without pacman: the package is an archive, and has no scripts.
arch_package_is_complete_and_works() {
	prepared makepkg
	root=$work/arch-root
	pythondir=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
	is_complete "$root" pythondir="$pythondir"
	works "$root" /usr/lib "$pythondir" /usr/share/licenses/cxl-afu/COPYING
	[ ! -e "$root/.INSTALL" ] || fail "it has a script"
	for dependency in json-c ncurses libtracefs python; do
		grep -qx "depend = $dependency" "$root/.PKGINFO" || fail "it does not want $dependency"
	done
}

tap_run dist rpm_packages_are_built rpm_packages_are_complete_and_work \
	arch_package_is_built arch_package_is_complete_and_works

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The archive of the source has all of it, and nothing that was built.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

# dist: make the archive of a copy of the source, with the build folder "out" in it, as
# a user for whom a file can be unreadable.
dist() {
	set -- env -u MAKEFLAGS -u MFLAGS BUILD=out "$work/source/packaging/make-dist" 1.0
	if [ "$(id -u)" -eq 0 ]; then
		chown -R nobody "$work/source"
		set -- setpriv --reuid nobody --regid nogroup --clear-groups "$@"
	fi
	"$@" >"$work/log" 2>&1
}

copy_source() {
	packaging/pack-source "$work/source.tar" || fail
	mkdir -p "$work/source/out"
	tar -xf "$work/source.tar" -C "$work/source"
}

build_folder_is_left_out() {
	copy_source
	touch "$work/source/out/built"
	dist || fail "$(cat "$work/log")"
	tar -tf "$work/source/out/cxl-afu-1.0.tar.xz" >"$work/list"
	grep -qx 'cxl-afu-1.0/packaging/make-dist' "$work/list" || fail "$(cat "$work/list")"
	! grep '^cxl-afu-1.0/out' "$work/list" || fail "what was built is there"
	[ "$(cd "$work/source/out" && echo *)" = 'PKGBUILD built cxl-afu-1.0.tar.xz cxl-afu.spec' ] ||
		fail "left behind: $(ls "$work/source/out")"
}

file_that_cannot_be_read_is_a_failure() {
	copy_source
	rm -rf "$work/source/out"
	chmod 000 "$work/source/README.md"
	! dist || fail "it succeeds"
	grep -q 'README.md' "$work/log" || fail "$(cat "$work/log")"
	[ -z "$(ls "$work/source/out")" ] || fail "left behind: $(ls "$work/source/out")"
}

tap_run source build_folder_is_left_out file_that_cannot_be_read_is_a_failure

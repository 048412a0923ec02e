#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# make install: where everything is, and whether programs find the library
# there.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# make_quietly ARGUMENT...
make_quietly() {
	env -u MAKEFLAGS -u MFLAGS make --no-print-directory "$@" >"$work/log" 2>&1 ||
		fail "make $*: $(cat "$work/log")"
}

native() {
	[ "$deb_arch" = "$(dpkg --print-architecture)" ] || skip "no shared libraries of $deb_arch are here"
}

# All tests that only look at it share one installation, $work/local.
install_once() {
	[ ! -d "$work/local" ] || return 0
	make_quietly install PREFIX="$work/local"
}

installed_programs_find_the_library() {
	native
	install_once
	"$work/local/bin/afuctl" --version | grep -q '^afuctl [0-9]' || fail "afuctl does not run"
	"$work/local/bin/afu-cp" --version | grep -q '^afu-cp [0-9]' || fail "afu-cp does not run"
	"$work/local/bin/afu-psl" --version | grep -q '^afu-psl [0-9]' || fail "afu-psl does not run"
	# Without the library it would fail.
	mv "$work/local/lib/cxl-afu/libcxl.so.1" "$work/libcxl.so.1"
	! env -u LD_LIBRARY_PATH "$work/local/bin/afuctl" --version >"$work/log" 2>&1 ||
		fail "afuctl does not use the library that was installed"
	mv "$work/libcxl.so.1" "$work/local/lib/cxl-afu"
}

# pkg_config PACKAGE: sets $cflags and $libs.
pkg_config() {
	sed -n 's/^\([a-z]*\)=\(.*\)$/\1="\2"/p; s/^Cflags: \(.*\)$/cflags="\1"/p; s/^Libs: \(.*\)$/libs="\1"/p' \
		"$work/local/lib/pkgconfig/$1.pc" >"$work/vars"
	. "$work/vars"
}

programs_are_built_by_what_pkg_config_is_told() {
	native
	install_once
	! grep '@' "$work/local/lib/pkgconfig/libcxl-afu.pc" || fail "not filled in"
	pkg_config libcxl-afu
	cat >"$work/program.c" <<'END'
#include <libcxl.h>

int main(void)
{
	puts(cxl_event_type_name(CXL_EVENT_AFU_ERROR));
	return 0;
}
END
	# shellcheck disable=SC2086,SC2154
	${cross_compile-}gcc $cflags -o "$work/program" "$work/program.c" $libs || fail "it does not build"
	[ "$("$work/program")" = afu_error ] || fail "it does not run"
	pkg_config libafu
	# shellcheck disable=SC2086
	${cross_compile-}gcc $cflags -o "$work/square" examples/afu/square.c $libs || fail "square does not build"
	! "$work/square" "$work/none" 2>"$work/log" || fail "square opens what is not there"
	grep -q '^square: No such file' "$work/log" || fail "square does not run: $(cat "$work/log")"
}

simulators_are_made_of_what_is_installed() {
	native
	install_once
	command -v iverilog >/dev/null || skip "iverilog is not there; './run check' installs it"
	rtl=$work/local/include/cxl-afu/rtl
	pkg_config libpsl
	# shellcheck disable=SC2086
	gcc -shared -fPIC -I/usr/include/iverilog $cflags -o "$work/psl.vpi" "$rtl/psl_vpi.c" $libs ||
		fail "psl.vpi does not build"
	iverilog -g2012 -I examples/rtl -s psl_top -o "$work/afu.vvp" "$rtl/psl_top.v" examples/rtl/*.v ||
		fail "psl_top.v is no top"
	said=$(vvp -n -M "$work" -m psl "$work/afu.vvp" +psl-node=/nowhere 2>&1) || :
	echo "$said" | grep -q /nowhere || fail "it does not run: $said"
	# shellcheck disable=SC2086
	echo '#include "psl_verilator.hpp"' | g++ -fsyntax-only -I"$rtl" $cflags -x c++ - || fail "no C++"
}

# As cxl-tests does: "make all" in the folder, and everything in one place
a_folder_libcxl_is_made_of_what_is_installed() {
	native
	install_once
	mkdir "$work/libcxl"
	echo all: >"$work/libcxl/Makefile"
	cp -R "$work/local/include/cxl-afu/." "$work/local/lib/cxl-afu/." "$work/libcxl"
	make_quietly -C "$work/libcxl" all
	cat >"$work/old.c" <<'END'
#include <errno.h>
#include <libcxl.h>

int main(void)
{
	struct cxl_afu_h *afu;

	cxl_for_each_afu(afu)
		puts(cxl_afu_dev_name(afu));
	return errno != ENODEV;
}
END
	for static in '' -static; do
		# shellcheck disable=SC2086
		"${cross_compile-}gcc" $static -I"$work/libcxl" -I"$work/libcxl/include" -L"$work/libcxl" \
			-o "$work/old" "$work/old.c" -lcxl -lpthread || fail "it does not build $static"
		LIBCXL_SYSFS=/nowhere LD_LIBRARY_PATH=$work/libcxl "$work/old" || fail "it does not run $static"
	done
}

# The user can choose the compiler and what pkg-config says.
compiler_and_pkg_config_are_honoured() {
	native
	cat >"$work/cc" <<END
#!/bin/sh
echo "\$*" >>"$work/calls"
exec gcc "\$@"
END
	cat >"$work/pkg-config" <<END
#!/bin/sh
echo "pkg-config \$*" >>"$work/calls"
exit 1
END
	chmod +x "$work/cc" "$work/pkg-config"
	rm -rf "$work/build"
	make_quietly install DESTDIR="$work/honoured" BUILD="$work/build" CC="$work/cc" \
		PKG_CONFIG="$work/pkg-config"
	for wanted in afu-cp.c afuctl.c lib/event.c -shared 'pkg-config --libs json-c'; do
		grep -qF -- "$wanted" "$work/calls" || fail "no call with $wanted: $(cat "$work/log")"
	done
	! grep -q Werror "$work/calls" || fail "a warning is an error for users"
}

what_is_installed_is_uninstalled() {
	native
	mkdir -p "$work/gone/usr/bin"
	touch "$work/gone/usr/bin/other"
	make_quietly install DESTDIR="$work/gone" PREFIX=/usr
	make_quietly uninstall DESTDIR="$work/gone" PREFIX=/usr
	[ "$(cd "$work/gone" && find . ! -type d)" = ./usr/bin/other ] || fail "$(find "$work/gone")"
	[ -z "$(find "$work/gone" -name '*cxl*')" ] || fail "$(find "$work/gone")"
}

# Without DKMS, as for the kernel that runs: here, the guest's.
modules_are_installed_for_a_kernel() {
	slow
	native
	make_quietly install-modules KDIR="$out/kernel/headers" DESTDIR="$work/kernel" BUILD="$work/build"
	for module in cxl cxl-sim cxl-copy; do
		modinfo "$work"/kernel/lib/modules/*/updates/drivers/misc/"$module/$module.ko" | grep -q '^vermagic' ||
			fail "no $module: $(cat "$work/log")"
	done
}

# With libraries for that architecture, which this machine may not have
programs_for_another_architecture_are_installed() {
	slow
	native
	[ "$ARCH" != ppc64le ] || skip "it is this machine's"
	command -v powerpc64le-linux-gnu-gcc >/dev/null ||
		skip "powerpc64le-linux-gnu-gcc is not there; './run install ARCH=ppc64le' installs it"
	make_quietly install ARCH=ppc64le DESTDIR="$work/power" PREFIX=/usr BUILD="$work/build-power"
	for file in bin/afuctl bin/afu-cp bin/afu-psl bin/afu-flash lib/cxl-afu/libcxl.so.1 lib/cxl-afu/libafu.so.1 \
		lib/cxl-afu/libpsl.so.1; do
		readelf -h "$work/power/usr/$file" | grep -q 'Machine: *PowerPC64' || fail "$file is for another machine"
	done
	for library in libcxl.so.1 libjson-c.so libncursesw.so; do
		readelf -d "$work/power/usr/bin/afuctl" | grep -q "NEEDED.*$library" || fail "afuctl is without $library"
	done
}

archive_has_what_is_needed_and_no_more() {
	make_quietly dist BUILD="$work/dist"
	tar -tJf "$work"/dist/cxl-afu-*.tar.xz >"$work/list"
	grep -q '/packaging/cxl-afu.spec$' "$work/list" || fail "no spec"
	! grep -E '/(\.git|build)/|\.(o|ko)$' "$work/list" || fail "what was built is there"
	grep -q "^sha256sums=($(sha256sum "$work"/dist/cxl-afu-*.tar.xz | cut -d' ' -f1))" "$work/dist/PKGBUILD" ||
		fail "PKGBUILD has another sum"
}

nothing_lies_elsewhere() {
	native
	make_quietly install install-dkms install-kernel-headers DESTDIR="$work/root" PREFIX=/usr libdir=/usr/lib/here
	list=$(cd "$work/root" && find . ! -type d | sort)
	for file in bin/afuctl bin/afu-cp bin/afu-psl bin/afu-flash lib/here/cxl-afu/libcxl.so lib/here/cxl-afu/libcxl.a \
		lib/here/cxl-afu/libafu.so lib/here/cxl-afu/libafu.a include/cxl-afu/afu.h \
		lib/here/cxl-afu/libpsl.so lib/here/cxl-afu/libpsl.a lib/here/pkgconfig/libpsl.pc \
		lib/here/pkgconfig/libafu.pc lib/here/pkgconfig/libcxl-afu.pc include/cxl-afu/libcxl.h include/cxl-afu/misc/cxl.h \
		include/cxl-afu/rtl/psl_verilator.cpp \
		share/man/man1/afuctl.1 share/man/man3/libcxl-afu.3 share/man/man3/libafu.3 share/man/man4/cxl.4 \
		share/bash-completion/completions/afuctl share/zsh/site-functions/_afuctl \
		share/fish/vendor_completions.d/afuctl.fish lib/udev/rules.d/60-cxl-afu.rules \
		lib/python3/dist-packages/cxl_afu/__init__.py src/cxl-afu-headers-1.0/include/misc/cxl.h; do
		echo "$list" | grep -qx "./usr/$file" || fail "there is no $file"
	done
	others=$(echo "$list" | grep -vE '^\./usr/(bin/afu(ctl|-cp|-flash|-psl)|lib/here/cxl-afu/lib(cxl|afu|psl)\.|include/cxl-afu/|share/man/man|share/(bash-completion|zsh|fish)/|src/cxl-afu-|lib/python3/dist-packages/cxl_afu/)|lib(psl|(cxl-)?afu)\.pc$|60-cxl-afu\.rules$')
	[ -z "$others" ] || fail "elsewhere: $others"
	grep -q '^libdir=/usr/lib/here$' "$work/root/usr/lib/here/pkgconfig/libcxl-afu.pc" || fail "libdir"
	grep -rqF "$work" "$work/root" && fail "an installed file knows where it was built"
	post_build=$(sed -n 's/^POST_BUILD="\([^ ]*\) .*/\1/p' "$work"/root/usr/src/cxl-afu-[0-9]*/dkms.conf)
	test -x "$work"/root/usr/src/cxl-afu-[0-9]*/"$post_build" || fail "there is no $post_build for dkms"
	grep -q '^PACKAGE_VERSION="[0-9.]*"$' "$work"/root/usr/src/cxl-afu-[0-9]*/dkms.conf || fail "dkms.conf"
}

tap_run install installed_programs_find_the_library programs_are_built_by_what_pkg_config_is_told \
	simulators_are_made_of_what_is_installed \
	a_folder_libcxl_is_made_of_what_is_installed compiler_and_pkg_config_are_honoured \
	what_is_installed_is_uninstalled modules_are_installed_for_a_kernel \
	programs_for_another_architecture_are_installed \
	archive_has_what_is_needed_and_no_more nothing_lies_elsewhere

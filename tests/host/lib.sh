#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The library as built: its exports, and programs that are compiled and linked
# with it.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
cc=${cross_compile-}gcc
cxx=${cross_compile-}g++
lib=$out/lib
flags='-Ilib/include -Iinclude/uapi'
system_flags='-isystem lib/include -isystem include/uapi'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program NAME: stdin becomes the source $work/NAME.c.
program() {
	cat >"$work/$1.c"
}

# What any program that uses the library may do first
program first <<'END'
#include <errno.h>
#include <libcxl.h>

int main(void)
{
	struct cxl_afu_h *afu;
	struct cxl_event event;

	cxl_for_each_afu(afu)
		printf("%s\n", cxl_afu_dev_name(afu));
	if (errno != ENODEV)
		return 1;
	return cxl_read_event(NULL, &event) != -1 || errno != EINVAL;
}
END

# Everything that a program may rely on at compile time
program facts <<'END'
#include <stddef.h>
#include <libcxl.h>

#define FACT(name, condition) typedef char fact_##name[(condition) ? 1 : -1]

FACT(event, sizeof(struct cxl_event) == 40);
FACT(header, sizeof(struct cxl_event_header) == 8);
FACT(irq, offsetof(struct cxl_event, irq.irq) == 10);
FACT(addr, offsetof(struct cxl_event, fault.addr) == 16);
FACT(error, offsetof(struct cxl_event, afu_error.error) == 16);
FACT(stamp, sizeof(struct cxl_event_stamp) == 24);
FACT(work, sizeof(struct cxl_ioctl_start_work) == 64);
FACT(view, CXL_VIEW_DEDICATED == 0 && CXL_VIEW_MASTER == 1 && CXL_VIEW_SLAVE == 2);
FACT(view_size, sizeof(enum cxl_views) == 4);
FACT(prefault, CXL_PREFAULT_MODE_NONE == 0 && CXL_PREFAULT_MODE_WED == 1 &&
     CXL_PREFAULT_MODE_ALL == 2);
FACT(prefault_size, sizeof(enum cxl_prefault_mode) == 4);
FACT(image, CXL_IMAGE_FACTORY == 0 && CXL_IMAGE_USER == 1);
FACT(image_size, sizeof(enum cxl_image) == 4);
FACT(modes, CXL_MODE_DEDICATED == 1 && CXL_MODE_DIRECTED == 2 && CXL_MODE_TIME_SLICED == 4);
FACT(endian, CXL_MMIO_BIG_ENDIAN == 1 && CXL_MMIO_LITTLE_ENDIAN == 2 &&
     CXL_MMIO_HOST_ENDIAN == 3 && CXL_MMIO_ENDIAN_MASK == 3 && CXL_MMIO_FLAGS == 3);
FACT(version, CXL_KERNEL_API_VERSION == 1);
FACT(sysfs, sizeof(CXL_SYSFS_CLASS) == sizeof("/sys/class/cxl"));
FACT(dev, sizeof(CXL_DEV_DIR) == sizeof("/dev/cxl"));

/* The prototypes that programs were compiled with */
int (*read64)(struct cxl_afu_h *, uint64_t, uint64_t *) = cxl_mmio_read64;
int (*wait)(struct cxl_afu_h *, volatile __u64 *) = cxl_afu_host_thread_wait;
int (*full)(struct cxl_afu_h *, __u64, __u16, __u64) = cxl_afu_attach_full;
int (*irqs)(struct cxl_ioctl_start_work *, __s16 *) = cxl_work_get_num_irqs;
int (*image)(struct cxl_adapter_h *, enum cxl_image *) = cxl_get_image_loaded;
int (*expected)(struct cxl_afu_h *, struct cxl_event *, __u32, __u16) = cxl_read_expected_event;
struct cxl_afu_h *(*open_dev)(char *) = cxl_afu_open_dev;
struct cxl_afu_h *(*open_h)(struct cxl_afu_h *, enum cxl_views) = cxl_afu_open_h;
ssize_t (*errinfo)(struct cxl_afu_h *, void *, off_t, size_t) = cxl_errinfo_read;
END

dynamic() {
	readelf -dW "$lib/libcxl.so" | sed -n "s/.*($1).*\[\(.*\)\]/\1/p"
}

# symbols OPTION FILE: on POWER without the offset of a local entry point
symbols() {
	readelf "$1" -W "$2" | sed 's/\[<localentry>: [0-9]*\]//'
}

# "symbol version" for each defined symbol
exported() {
	symbols --dyn-syms "$lib/libcxl.so" |
		awk '$7 != "UND" && $8 ~ /@@/ && $5 == "GLOBAL" && $4 != "OBJECT" {
			sub("@@", " ", $8); print $8 }' | LC_ALL=C sort
}

soname_is_that_of_old_programs() {
	[ "$(dynamic SONAME)" = libcxl.so.1 ] || fail "it is $(dynamic SONAME)"
	[ "$(readlink "$lib/libcxl.so")" = libcxl.so.1 ] || fail "libcxl.so leads elsewhere"
	[ -f "$lib/$(readlink "$lib/libcxl.so.1")" ] || fail "libcxl.so.1 leads elsewhere"
}

symbols_and_versions_are_those_of_the_list() {
	exported >"$work/exported"
	grep -v '^#' lib/libcxl.abi | diff - "$work/exported"
}

# No data of the library is copied into a program.
only_functions_are_exported() {
	symbols --dyn-syms "$lib/libcxl.so" |
		awk '$7 != "UND" && $7 != "ABS" && $5 == "GLOBAL" && $4 != "FUNC"' >"$work/others"
	[ ! -s "$work/others" ] || fail "$(cat "$work/others")"
}

header_declares_what_is_exported() {
	grep -v '^#' lib/libcxl.abi | cut -d' ' -f1 >"$work/exported"
	# shellcheck disable=SC2086
	echo '#include <libcxl.h>' | "$cc" $flags -E -P - | tr -s '\n\t ' ' ' | tr ';' '\n' |
		sed -n 's/.*[ *]\(cxl_[a-z0-9_]*\)(.*/\1/p' |
		{ cat; echo cxl_errinfo_read64; } | LC_ALL=C sort >"$work/declared"
	diff "$work/exported" "$work/declared"
}

header_documents_what_it_declares() {
	grep -v '^#' lib/libcxl.abi | cut -d' ' -f1 | grep -v cxl_errinfo_read64 |
		while read -r name; do
			grep -q "^ \* $name() - " lib/include/libcxl.h || echo "$name"
		done >"$work/silent"
	[ ! -s "$work/silent" ] || fail "not documented: $(cat "$work/silent")"
}

# names_in_pages: NAME.SECTION of everything with a manual page
names_in_pages() {
	for page in man/man?/*.?; do
		echo "${page##*/}"
	done
	awk -f scripts/man-links.awk man/man?/*.? | cut -d' ' -f2
}

each_function_has_a_manual_page() {
	names_in_pages | sort >"$work/pages"
	grep -v '^#' lib/libcxl.abi | cut -d' ' -f1 | grep -v cxl_errinfo_read64 |
		sed 's/$/.3/' | sort | comm -23 - "$work/pages" >"$work/missing"
	[ ! -s "$work/missing" ] || fail "no page: $(cat "$work/missing")"
}

manual_pages_find_each_other() {
	names_in_pages | sort -u >"$work/pages"
	sed -n 's/^\.Xr \(\(lib\)\{0,1\}\(cxl\|afu\)[^ ]*\) \([0-9]\).*/\1.\4/p' man/man3/*.3 |
		sort -u | comm -23 - "$work/pages" >"$work/missing"
	[ ! -s "$work/missing" ] || fail "referred to, not there: $(cat "$work/missing")"
}

needs_the_c_library_only() {
	[ "$(dynamic NEEDED)" = libc.so.6 ] || fail "it needs $(dynamic NEEDED)"
}

facts_hold_in_c() {
	for std in c99 gnu99 c11 gnu17; do
		# shellcheck disable=SC2086
		"$cc" -std=$std -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror \
			$system_flags -c -o /dev/null "$work/facts.c" || fail "$std"
	done
}

facts_hold_in_cpp() {
	command -v "$cxx" >/dev/null || skip "no $cxx"
	for std in c++98 c++11 c++17 gnu++20; do
		# shellcheck disable=SC2086
		"$cxx" -std=$std -Wall -Wextra -Werror $flags -x c++ -c -o /dev/null "$work/facts.c" ||
			fail "$std"
	done
}

# A C++ program finds the C functions.
cpp_program_links() {
	command -v "$cxx" >/dev/null || skip "no $cxx"
	# shellcheck disable=SC2086
	"$cxx" $flags -x c++ -o "$work/cpp" "$work/first.c" -x none -L"$lib" -lcxl -Wl,-rpath,"$lib"
	runs "$work/cpp"
}

# Its own header comes first, then the machine's, if there is one.
header_takes_any_uapi_header() {
	echo '#include <misc/cxl.h>' | cat - "$work/facts.c" >"$work/both.c"
	# shellcheck disable=SC2086
	"$cc" -Wall -Werror $flags -c -o /dev/null "$work/both.c"
	echo '#include <misc/cxl.h>' | "$cc" -E - >/dev/null 2>&1 || skip "this machine has none"
	"$cc" -Wall -Werror -Ilib/include -c -o /dev/null "$work/first.c"
}

# runs COMMAND: without a card, if this machine can run it
runs() {
	[ -z "${cross_compile-}" ] || skip "built for another machine"
	LIBCXL_SYSFS=/nowhere "$@" || fail "exit status $?"
}

shared_library_is_used() {
	# shellcheck disable=SC2086
	"$cc" $flags -o "$work/shared" "$work/first.c" -L"$lib" -lcxl -Wl,-rpath,"$lib"
	readelf -dW "$work/shared" | grep -q 'NEEDED.*\[libcxl.so.1\]' || fail "not linked with it"
	runs "$work/shared"
}

# An old program needs only what the old library had.
old_functions_need_old_versions() {
	# shellcheck disable=SC2086
	"$cc" $flags -o "$work/old" "$work/first.c" -L"$lib" -lcxl
	versions=$(readelf -VW "$work/old" | sed -n 's/.*Name: \(LIBCXL[^ ]*\).*/\1/p')
	[ "$versions" = LIBCXL_1 ] || fail "it needs $versions"
}

static_library_is_used() {
	# shellcheck disable=SC2086
	"$cc" $flags -static -o "$work/static" "$work/first.c" "$lib/libcxl.a"
	runs "$work/static"
	# shellcheck disable=SC2086
	"$cc" $flags -fPIE -pie -o "$work/pie" "$work/first.c" "$lib/libcxl.a"
	runs "$work/pie"
}

# A program that links it statically may use all other names.
static_library_keeps_to_its_names() {
	symbols -s "$lib/libcxl.a" |
		awk '$5 == "GLOBAL" && $7 != "UND" && $8 !~ /^(lib)?cxl_/ { print $8 }' >"$work/names"
	[ ! -s "$work/names" ] || fail "$(cat "$work/names")"
}

# One access to the register whose address is the first argument: a load
# followed by the full barrier, or a store preceded by the barrier.
registers_are_accessed_in_order() {
	case $ARCH in
	amd64) barrier='mfence' register='\\(%rdi\\)' ;;
	ppc64le) barrier='(hw)?sync' register='\\(r3\\)' ;;
	arm64) barrier='dsb[\t ]+sy' register='\\[x0\\]' ;;
	esac
	for object in "$lib/mmio.o" "$lib/libcxl.a"; do
		"${cross_compile-}objdump" -d --no-show-raw-insn "$object" |
			awk -v barrier="[\t ]$barrier" -v register="$register" '
				/^[0-9a-f]+ <.*>:$/ { name = $2 }
				name ~ /^<(load|store)(32|64)>:$/ {
					if ($0 ~ barrier)
						order[name] = order[name] "barrier "
					else if ($0 ~ register)
						order[name] = order[name] "access "
				}
				END { for (name in order) print name, order[name] }
			' | sort >"$work/order"
		cat >"$work/wanted" <<-'END'
			<load32>: access barrier
			<load64>: access barrier
			<store32>: barrier access
			<store64>: barrier access
		END
		sed -i 's/ $//' "$work/order"
		cmp -s "$work/order" "$work/wanted" || fail "$object: $(cat "$work/order")"
	done
}

tap_run lib soname_is_that_of_old_programs symbols_and_versions_are_those_of_the_list \
	only_functions_are_exported header_declares_what_is_exported \
	header_documents_what_it_declares each_function_has_a_manual_page \
	manual_pages_find_each_other needs_the_c_library_only facts_hold_in_c \
	facts_hold_in_cpp cpp_program_links header_takes_any_uapi_header \
	shared_library_is_used old_functions_need_old_versions static_library_is_used \
	static_library_keeps_to_its_names registers_are_accessed_in_order

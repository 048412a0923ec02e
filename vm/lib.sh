# SPDX-License-Identifier: GPL-2.0-only
# Shared by the scripts of this folder; sourced with $vm set to the folder.
#
# From the environment: KERNEL (default: the one of the table that fits this
# machine), ARCH (amd64), BUILD (build/ of the checkout) and CXL_AFU_CACHE
# (downloads, shared by all checkouts).

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

need_command() {
	command -v "$1" >/dev/null || die "$1 is missing; './run' installs it (package $2)"
}

# The release of this machine: bookworm, trixie; forky counts as sid. OS_RELEASE
# is for tests.
host=$(. "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${VERSION_CODENAME-}") || :

# default_kernel: the kernel that is built with this machine's tools. Without
# one it is the kernel of Debian's stable release, which comes with its
# compiler.
default_kernel() {
	for table in "$vm"/kernels/*; do
		! grep -q "^default_on=.*\<${host:-none}\>" "$table" || {
			echo "${table##*/}"
			return
		}
	done
	echo 6.12
}

KERNEL=${KERNEL:-$(default_kernel)}
ARCH=${ARCH:-amd64}
[ "$ARCH" != x86_64 ] || ARCH=amd64
BUILD=${BUILD:-build}
# Relative to the top folder, like in make
case $BUILD in
/*) ;;
*) BUILD=${vm%/*}/$BUILD ;;
esac
out=$BUILD/$ARCH-$KERNEL
cache=${CXL_AFU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cxl-afu}

# config_key: identifies a kernel that is built here: its config, the arguments
# of make, and the version of the source.
config_key() {
	{
		cat "$vm/config/$config"
		echo "${kernel_make_args-}"
		cat "$cache/$source_package/version" 2>/dev/null || :
	} | sha256sum | cut -c 1-12
}

# load_target: read the tables of ARCH and KERNEL. Modules for a stock kernel
# are built with the tools of this machine or with the compiler that the kernel
# brings: then $compiler is "unpacked".
load_target() {
	[ -f "$vm/arch/$ARCH" ] || die "ARCH=$ARCH is unknown; there is: $(cd "$vm/arch" && echo *)"
	[ -f "$vm/kernels/$KERNEL" ] || die "KERNEL=$KERNEL is unknown; there is: $(cd "$vm/kernels" && echo *)"
	case $cache in *[[:space:]]*)
		die "the kernel's makefiles cannot work in a path with a blank: set CXL_AFU_CACHE to" \
			"another folder than '$cache'" ;;
	esac
	native_on='' compiler=''
	. "$vm/arch/$ARCH"
	. "$vm/kernels/$KERNEL"
	kernel_dir=$cache/$ARCH-$KERNEL
	if [ -n "${config-}" ]; then
		kernel_dir=$kernel_dir-$(config_key)
		return
	fi
	case " $native_on " in
	*" ${host:-none} "*) kernel_dir=$kernel_dir-$host ;;
	*) compiler=unpacked kernel_cc='' ;;
	esac
}

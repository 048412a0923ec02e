# SPDX-License-Identifier: GPL-2.0-only
# Shared by the scripts of this folder; sourced with $vm set to the folder.
#
# From the environment: KERNEL (6.1), ARCH (amd64), BUILD (build/ of the
# checkout) and CXL_AFU_CACHE (what was downloaded; shared by all checkouts).

KERNEL=${KERNEL:-6.1}
ARCH=${ARCH:-amd64}
[ "$ARCH" != x86_64 ] || ARCH=amd64
BUILD=${BUILD:-${vm%/*}/build}
out=$BUILD/$ARCH-$KERNEL
cache=${CXL_AFU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cxl-afu}

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

# config_key: of a kernel that is built here, its config, what make is told, and
# the source's version.
config_key() {
	{
		cat "$vm/config/$config"
		echo "${kernel_make_args-}"
		cat "$cache/$source_package/version" 2>/dev/null || :
	} | sha256sum | cut -c 1-12
}

load_target() {
	[ -f "$vm/arch/$ARCH" ] || die "ARCH=$ARCH is unknown; there is: $(cd "$vm/arch" && echo *)"
	[ -f "$vm/kernels/$KERNEL" ] || die "KERNEL=$KERNEL is unknown; there is: $(cd "$vm/kernels" && echo *)"
	. "$vm/arch/$ARCH"
	. "$vm/kernels/$KERNEL"
	kernel_dir=$cache/$ARCH-$KERNEL
	[ -z "${config-}" ] || kernel_dir=$kernel_dir-$(config_key)
}

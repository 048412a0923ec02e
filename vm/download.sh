# SPDX-License-Identifier: GPL-2.0-only
# Debian packages without installing them: apt with lists of its own, so that
# it needs no root, never works from a list that is out of date, and knows
# other suites and architectures than the machine's.

native_arch=$(dpkg --print-architecture)
apt_dir=$cache/apt
apt_config=
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# find_mirror: of Debian, from the machine's apt sources, in $mirror and
# $security_mirror. Lists that were never read have no labels yet.
# shellcheck disable=SC2016
find_mirror() {
	mirror=${CXL_AFU_MIRROR-}
	security_mirror=${mirror:+${mirror%/}-security}
	[ -z "$mirror" ] || return 0
	known=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' | sort -u)
	mirror=$(echo "$known" | sed -n 's/ Debian$//p' | head -n 1)
	[ -n "$mirror" ] || [ "$(. "${OS_RELEASE:-/etc/os-release}" && echo "$ID")" != debian ] ||
		mirror=$(echo "$known" | sed -n 's,/debian/* *$,/debian,p' | head -n 1)
	security_mirror=$(echo "$known" | sed -n 's/ Debian-Security$//p' | head -n 1)
	security_mirror=${security_mirror:-${mirror%/}-security}
	[ -n "$mirror" ] || die "apt has no Debian sources here. Any system with apt will do that" \
		"has the package debian-archive-keyring and is told where a Debian mirror is:" \
		"CXL_AFU_MIRROR=URL"
}

# sources SUITE...: lines for sources.list.
sources() {
	for suite; do
		case $suite in
		*-security) uri=$security_mirror ;;
		*) uri=$mirror ;;
		esac
		echo "deb [signed-by=$keyring] $uri $suite main"
	done
}

# name_stable: the current stable release by its name in $suites, if it can be
# asked for. A mirror need not be up to date under the other name.
name_stable() {
	wanted=$suites suites=stable
	use_packages "$native_arch"
	lock_cache
	apt_update "the current stable release" \
		-o Acquire::IndexTargets::deb::Packages::DefaultEnabled=false
	stable=$(sed -n 's/^Codename: //p' "$apt_dir"/lists/*_stable_InRelease 2>/dev/null || :)
	suites=$(echo "$wanted" | sed "s/\\<stable\\>/${stable:-stable}/g")
}

# use_packages ARCH: what follows is about packages of that architecture in
# $suites.
use_packages() {
	need_command apt-get apt
	case $suites in *stable-backports*) name_stable ;; esac
	find_mirror
	[ -f "$keyring" ] || die "$keyring is missing (package debian-archive-keyring)"
	apt_dir=$cache/apt-$(echo "$suites" | tr ' ' +)-$1
	apt_config=$apt_dir/apt.conf
	mkdir -p "$apt_dir"
	# shellcheck disable=SC2086
	sources $suites >"$apt_dir/sources.list"
	: >"$apt_dir/status"
	cat >"$apt_config" <<END
Dir::Etc::SourceList "$apt_dir/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::status "$apt_dir/status";
APT::Architecture "$1";
APT::Architectures { "$1"; };
END
}

apt_private() {
	cmd=$1
	shift
	APT_CONFIG=$apt_config "$cmd" -q -o Dir::State::Lists="$apt_dir/lists" \
		-o Dir::Cache="$apt_dir" -o APT::Sandbox::User= \
		-o Acquire::AllowReleaseInfoChange=true "$@"
}

# apt_update WHAT [OPTION]...
# Failing sources that have nothing to do with us are not fatal: whether the
# wanted package is listed afterwards decides.
apt_update() {
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial"
	say "Reading the package lists (to find $1)"
	shift
	apt_private apt-get update "$@" >"$apt_dir/update.log" 2>&1 ||
		say "apt-get update complained, see $apt_dir/update.log"
}

# newest_package REGEX: the newest name, by version sort, that matches.
newest_package() {
	apt_private apt-cache pkgnames "${1%%[!a-z0-9-]*}" |
		grep -Ex "$1" | sort -V | tail -n 1
}

# is_package NAME
is_package() {
	apt_private apt-cache pkgnames "$1" | grep -qxF "$1"
}

# depends_on PACKAGE REGEX: the dependency that matches.
depends_on() {
	apt_private apt-cache depends "$1" | sed -n 's/.*Depends: //p' | grep -Ex "$2"
}

# unpack_packages DIR PACKAGE...: download beside DIR, unpack in DIR.
unpack_packages() {
	into=$1
	debs=$into.debs
	shift
	mkdir -p "$debs"
	say "Downloading $*"
	(cd "$debs" && apt_private apt-get download "$@" >download.log 2>&1) || {
		cat "$debs/download.log" >&2
		die "cannot download $* (no network?)"
	}
	unpack_all "$debs" "$into"
}

# unpack_all FROM TO: the packages that lie there, which are removed. Where a
# package has a folder /bin, dpkg -x would replace a link of that name.
unpack_all() {
	mkdir -p "$2"
	for deb in "$1"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" >"$1/files.tar"
		tar -x --keep-directory-symlink -f "$1/files.tar" -C "$2"
	done
	rm -rf "$1"
}

# unpack_root DIR PACKAGE...: with all that they depend on, as a system to
# change the root to. No script of a package is run.
unpack_root() {
	into=$1
	debs=$into.debs
	shift
	mkdir -p "$debs/partial" "$into/usr/bin" "$into/usr/sbin" "$into/usr/lib" "$into/usr/lib64"
	for folder in bin sbin lib lib64; do
		ln -s "usr/$folder" "$into/$folder"
	done
	say "Downloading $*, and what they need"
	: >"$apt_dir/empty"
	apt_private apt-get install --download-only -y --no-install-recommends \
		-o Debug::NoLocking=1 -o Dir::State::status="$apt_dir/empty" \
		-o Dir::Cache::archives="$debs" "$@" >"$apt_dir/download.log" 2>&1 || {
		tail -n 20 "$apt_dir/download.log" >&2
		die "cannot download $* (no network?)"
	}
	rm -rf "$debs/partial" "$debs/lock"
	unpack_all "$debs" "$into"
}

# The cache belongs to all checkouts: of those who use the same package lists,
# one at a time fills it. Until the script ends.
lock_cache() {
	need_command flock util-linux
	mkdir -p "$cache"
	exec 9>"$apt_dir.lock"
	flock 9
}

# A folder of the cache is filled as $new and gets its name when it is whole.
# With the lock, what one who was killed has left is nobody's.
begin_folder() {
	new=$cache/new.${apt_dir##*/}
	rm -rf "$new"
	trap 'rm -rf "$new"' EXIT
	trap 'exit 1' INT TERM HUP
	mkdir "$new"
}

finish_folder() {
	rm -rf "$1"
	mv "$new" "$1"
}

# fill FOLDER ARCH COMMAND...: unless the folder is in the cache, COMMAND fills
# $new, for which it is about packages of that architecture in $suites.
fill() {
	filled=$1
	[ ! -d "$filled" ] || return 0
	use_packages "$2"
	lock_cache
	[ ! -d "$filled" ] || return 0
	shift 2
	begin_folder
	"$@"
	finish_folder "$filled"
}

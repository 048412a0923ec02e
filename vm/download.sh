# SPDX-License-Identifier: GPL-2.0-only
# Debian packages without installing them: apt with lists of its own, so that
# it needs no root, never works from a list that is out of date, and knows
# other suites and architectures than the machine's.

native_arch=$(dpkg --print-architecture)
apt_dir=$cache/apt
apt_config=

# sources [SUITE]...: lines for sources.list, with the mirror of the machine; all
# of its own sources when there is no SUITE.
# shellcheck disable=SC2016
sources() {
	apt-get indextargets --format '$(LABEL) $(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
		sort -u | while read -r label uri codename; do
		case $label,$# in
		Debian*,0) echo "deb $uri $codename main" ;;
		Debian,*) for suite; do echo "deb $uri $suite main"; done ;;
		esac
	done | sort -u
}

# name_stable: the current stable release by its name in $suites, if it can be
# asked for. A mirror need not be up to date under the other name.
name_stable() {
	case " ${suites-} " in *' stable '*) ;; *) return 0 ;; esac
	wanted=$suites suites=stable
	use_packages "$native_arch"
	lock_cache
	apt_update "the current stable release" \
		-o Acquire::IndexTargets::deb::Packages::DefaultEnabled=false
	stable=$(sed -n 's/^Codename: //p' "$apt_dir"/lists/*_stable_InRelease 2>/dev/null || :)
	suites=$(echo "$wanted" | sed "s/\\<stable\\>/${stable:-stable}/g")
}

# use_packages ARCH: what follows is about packages of that architecture, from
# $suites if there are any, or from the machine's own sources.
use_packages() {
	apt_dir=$cache/apt
	apt_config=
	[ -n "${suites-}" ] || [ "$1" != "$native_arch" ] || return 0
	apt_dir=$cache/apt-${suites:-own}-$1
	apt_dir=$(echo "$apt_dir" | tr ' ' +)
	apt_config=$apt_dir/apt.conf
	mkdir -p "$apt_dir"
	# shellcheck disable=SC2086
	sources ${suites-} >"$apt_dir/sources.list"
	[ -s "$apt_dir/sources.list" ] || die "no Debian mirror is known to apt here"
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
	need_command apt-get apt
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

# unpack_all FROM TO: the packages that lie there, which are removed.
unpack_all() {
	for deb in "$1"/*.deb; do
		dpkg -x "$deb" "$2"
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
begin_folder() {
	new=$(mktemp -d "$cache/new.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	trap 'exit 1' INT TERM HUP
	chmod 755 "$new"
}

finish_folder() {
	rm -rf "$1"
	mv "$new" "$1"
}

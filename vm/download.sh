# SPDX-License-Identifier: GPL-2.0-only
# Debian packages without installing them: apt with lists of its own, so that
# it needs no root and never works from a list that is out of date.

apt_private() {
	cmd=$1
	shift
	"$cmd" -q -o Dir::State::Lists="$cache/apt/lists" \
		-o Dir::Cache="$cache/apt" -o APT::Sandbox::User= "$@"
}

# Failing sources that have nothing to do with us are not fatal: whether the
# wanted package is listed afterwards decides.
apt_update() {
	need_command apt-get apt
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
	say "Reading the package lists (to find $1)"
	apt_private apt-get update >"$cache/apt/update.log" 2>&1 ||
		say "apt-get update complained, see $cache/apt/update.log"
}

# newest_package REGEX: the newest name, by version sort, that matches.
newest_package() {
	apt_private apt-cache pkgnames "${1%%[!a-z0-9-]*}" |
		grep -Ex "$1" | sort -V | tail -n 1
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
	for deb in "$debs"/*.deb; do
		dpkg -x "$deb" "$into"
	done
	rm -rf "$debs"
}

# The cache belongs to all checkouts: one at a time fills it. Until the script
# ends.
lock_cache() {
	need_command flock util-linux
	mkdir -p "$cache"
	exec 9>"$cache/.lock"
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

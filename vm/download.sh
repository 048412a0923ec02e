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
	dir=$1
	debs=$dir.debs
	shift
	mkdir -p "$debs"
	say "Downloading $*"
	(cd "$debs" && apt_private apt-get download "$@" >download.log 2>&1) || {
		cat "$debs/download.log" >&2
		die "cannot download $* (no network?)"
	}
	for deb in "$debs"/*.deb; do
		dpkg -x "$deb" "$dir"
	done
	rm -rf "$debs"
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The commands of README.md and of the pages for users do what is shown, in a fresh
# copy of the checkout with nothing built. That takes minutes, and is left to make
# check-docs, which sets CXL_DOCS.
#
# Commands that change the machine are run elsewhere: those of Documentation/install.md
# by install_page.sh, dist.sh, install.sh and packaging/check-deb, which also builds
# drivers by the commands of drivers.md and of the example. The lists of lanes in
# CONTRIBUTING.md, performance.md and platforms.md are run by nobody.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/cxl-afu

copy_checkout() {
	[ ! -d "$copy" ] || return 0
	mkdir "$copy"
	packaging/pack-source "$work/source.tar" || fail
	tar -xf "$work/source.tar" -C "$copy"
}

# in_copy COMMAND...: as a reader would run it, who has set nothing
in_copy() {
	[ -n "${CXL_DOCS-}" ] || skip "it is run by make check-docs"
	[ -z "${cross_compile-}" ] || skip "the pages are for this machine's architecture"
	copy_checkout
	(cd "$copy" && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CXL_TEST_PREFIX -u KERNEL -u ARCH -u BUILD \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		"$@") >"$work/log" 2>&1 || fail "$(cat "$work/log")"
}

run_page() {
	in_copy scripts/run-page "$1"
}

# Pages whose commands are typed into a shell of the guest, as root
run_page_in_guest() {
	in_copy ./guest scripts/run-page "$1"
}

readme() {
	run_page README.md
}

programs() {
	run_page Documentation/programs.md
}

drivers() {
	run_page Documentation/drivers.md
}

debugging() {
	run_page Documentation/debugging.md
}

ci() {
	run_page Documentation/ci.md
}

# The steps of the workflow for GitHub, with the project where GitHub's actions put it,
# around the checkout; ci.sh and the project are those of the page.
github_workflow() {
	[ -d "$copy/project" ] || run_page Documentation/ci.md
	workspace=$work
	workflow=$copy/cxl-afu.yml
	cp -R "$copy/project/." "$workspace"
	sed -n 's/^ *- run: //p' "$workflow" | grep -v '^apt-get' >"$work/steps"
	sed -n "s,^ *\([A-Z_]*\): \\\${{ github.workspace }},export \1=$workspace,p" "$workflow" >"$work/env"
	[ "$(wc -l <"$work/env")" -eq 2 ] || fail "PROJECT and CXL_AFU are not set: $(cat "$work/env")"
	cat "$work/env" "$work/steps" >"$work/job"
	(cd "$workspace" && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u KERNEL -u ARCH -u BUILD \
		sh -e "$work/job") >"$work/log" 2>&1 || fail "$(cat "$work/log")"
	grep -qx passed "$work/log" || fail "$(cat "$work/log")"
}

afuctl() {
	run_page_in_guest Documentation/afuctl.md
}

software_card() {
	run_page_in_guest Documentation/cxl-sim.md
}

sysfs_tour() {
	run_page_in_guest Documentation/sysfs.md
}

crc_card() {
	run_page_in_guest Documentation/crc-afu.md
}

rtl() {
	run_page Documentation/rtl.md
}

# If a program existed twice, one copy would be wrong some day.
readme_shows_the_examples() {
	for example in first.c afu/square_afu.py; do
		awk -v name="${example##*/}" '/^```/ { on = $2 == name; next } on' README.md |
			diff - "examples/$example" || fail "$example is not what README.md shows"
		[ "$(wc -l <"examples/$example")" -le 40 ] || fail "$example is no longer short"
	done
}

# Also links with anchors, below a page
links_lead_somewhere() {
	for page in README.md CONTRIBUTING.md Documentation/*.md examples/*/*.md; do
		grep -o '](\([^):#]*\)' "$page" | cut -c3- | grep . | sort -u | while read -r target; do
			[ -e "$(dirname "$page")/$target" ] || echo "$page: there is no $target"
		done
	done >"$work/links"
	[ ! -s "$work/links" ] || fail "$(cat "$work/links")"
}

# A page that shows something untrue is distinguished from one that does not.
# shellcheck disable=SC2016
wrong_output_is_seen() {
	cd "$work" || fail
	for lie in 'two' 'one
...
two' ''; do
		printf '```console\n$ printf "one\\nthree\\n"\n%s\n```\n' "$lie" >page.md
		! "$OLDPWD/scripts/run-page" page.md >/dev/null || [ -z "$lie" ] || fail "'$lie' is taken for the output"
	done
	for truth in 'one
three' '...' 'one
...' '...ne
th...'; do
		printf '```console\n$ printf "one\\nthree\\n"\n%s\n```\n' "$truth" >page.md
		"$OLDPWD/scripts/run-page" page.md || fail "'$truth' is not taken for the output"
	done
	printf '```console\n# echo "$ one"\n$ one\n# echo two\ntwo\n```\n' >page.md
	"$OLDPWD/scripts/run-page" page.md || fail "the prompt of root is not known"
	printf '```console\n$ echo "one\n two"\none\n two\n```\n' >page.md
	"$OLDPWD/scripts/run-page" page.md || fail "a command of two lines is not taken as one"
	printf '```console\n$ false\n```\n' >page.md
	! "$OLDPWD/scripts/run-page" page.md >/dev/null || fail "a command that fails is not seen"
	printf '```console\n$ sleep 3\n$ sleep 3\n```\n' >page.md
	RUN_PAGE_LIMIT=5 "$OLDPWD/scripts/run-page" page.md || fail "the limit is not that of one command"
	! RUN_PAGE_LIMIT=1 "$OLDPWD/scripts/run-page" page.md >said || fail "a command has no limit"
	grep -q 'ended after 1 seconds: sleep 3' said || fail "$(cat said)"
	printf 'no command\n' >page.md
	! "$OLDPWD/scripts/run-page" page.md >/dev/null || fail "a page without commands passes"
}

tap_run docs readme programs drivers debugging afuctl software_card sysfs_tour crc_card rtl ci \
	github_workflow readme_shows_the_examples links_lead_somewhere wrong_output_is_seen

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# libpsl in a program: what psl_card_open() says if it fails. No card is needed.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An open card, or the error
cat >"$work/open.c" <<'END'
#include <errno.h>
#include <psl_card.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct psl_card *card = psl_card_open(argc, argv);

	printf("%d\n", card ? 0 : errno);
	psl_card_close(card);
	return 0;
}
END

# opens ERRNO LIMIT ARGUMENT...: with at most LIMIT descriptors
opens() {
	[ -z "${cross_compile-}" ] || skip 'built for another machine'
	gcc -Ilib/include -Iinclude/uapi -static -pthread -o "$work/open" "$work/open.c" \
		"$out/lib/libpsl.a" "$out/lib/libafu.a" || fail
	wanted=$1 limit=$2
	shift 2
	(
		# shellcheck disable=SC3045
		ulimit -n "$limit"
		exec "$work/open" "$@"
	) >"$work/error" 2>"$work/said"
	[ "$(cat "$work/error")" = "$wanted" ] || fail "$*: $(cat "$work/error" "$work/said")"
}

wrong_option_is_einval() {
	opens 0 100 +psl-node=/nowhere
	opens 22 100
	opens 22 100 +psl-node=/nowhere +psl-credits=abc
	grep -qxF "psl: invalid option '+psl-credits=abc'" "$work/said" || fail "$(cat "$work/said")"
	opens 22 100 +psl-node=/nowhere +psl-prefix=
}

# One event descriptor, and no second one
other_failures_are_not() {
	opens 24 4 +psl-node=/nowhere
	grep -qxF 'psl: eventfd: Too many open files' "$work/said" || fail "$(cat "$work/said")"
}

messages_begin_as_wanted() {
	opens 22 100 +psl-prefix=mine +psl-node=
	grep -qxF "mine: invalid option '+psl-node='" "$work/said" || fail "$(cat "$work/said")"
	said=$("$out/tools/afu-psl" --node /nowhere --simulator nowhere 2>&1) || :
	[ "$said" = "afu-psl: 'nowhere' is not HOST:PORT" ] || fail "$said"
}

tap_run libpsl wrong_option_is_einval other_failures_are_not messages_begin_as_wanted

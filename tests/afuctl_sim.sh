#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# afuctl create, destroy and inject: software cards, and what happens to them.

set -eu
. /tests/lib/tap.sh
. /tests/lib/afuctl.sh

inject_reaches_the_card() {
	new_card afu0/num_crs=0
	run 0 inject delay "$card" 1234
	[ "$(cat "/sys/kernel/debug/cxl-afu/$card/delay")" -eq 1234 ] || fail "no delay"
	run 0 inject delay "$card" 0x10
	[ "$(cat "/sys/kernel/debug/cxl-afu/$card/delay")" -eq 16 ] || fail "no delay"
	context "$afu"
	kill -STOP "$pid"
	run 0 inject link "$card" down
	run 1 inject irq "$afu" "$pe" 1
	says "$afu: the link to the card is down"
	run 0 inject link "$card" up
	kill -CONT "$pid"
	kill "$pid"
	ended 0
	echo 1 >"$class/$card/perst_reloads_same_image"
	run 0 inject recovery "$card" frozen
	[ -d "$class/$card" ] || fail "the card did not recover"
	run 0 inject remove "$card"
	[ ! -d "$class/$card" ] || fail "the card is still there"
	run 3 inject remove "$card"
	says "$card: no such card"
}

inject_refuses_nonsense() {
	context afu0.0
	run 2 inject thunder card0
	says "unknown injection 'thunder'"
	run 2 inject irq
	run 2 inject irq afu0.0
	run 2 inject irq afu0.0 "$pe"
	run 2 inject irq afu0.0 "$pe" 1 2
	says "too many arguments"
	run 2 inject irq afu0.0 "$pe" 65536
	says "IRQ '65536': must be a number from 0 to 65535"
	run 2 inject irq afu0.0 x 1
	says "PE 'x': must be a number"
	run 2 inject irq afu0.0 "$pe" ' 1'
	run 2 inject irq card0 "$pe" 1
	says "invalid AFU name 'card0' (expected e.g. afu0.0)"
	run 2 inject link afu0.0 down
	says "invalid card name 'afu0.0' (expected e.g. card0)"
	run 2 inject link card0 sideways
	says "inject link: 'sideways' must be down or up"
	run 2 inject recovery card0 partly
	says "must be frozen or perm_failure"
	run 2 inject delay card0 4294967296
	run 2 inject remove card0 1
	run 1 inject irq afu0.0 "$pe" 0
	run 3 inject irq afu0.0 $((pe + 1)) 1
	says "afu0.0: process element $((pe + 1)) is not attached"
	run 3 inject fault afu0.0 $((pe + 1)) 0
	run 3 inject error afu0.0 $((pe + 1)) 0
	kill "$pid"
	ended 0
	[ ! -s mon ] || fail "$(cat mon)"
}

only_software_cards_take_injections() {
	modprobe cxl_test_card || skip "no cxl_test_card"
	run 0 list
	other=$(sed -n 's/^\(card[0-9]*\)  .*, PCI [^,]*$/\1/p' out)
	[ -n "$other" ] || fail "$(cat out)"
	status=0
	afuctl inject link "$other" down >out 2>err || status=$?
	rmmod cxl_test_card
	[ "$status" -eq 3 ] || fail "status $status: $(cat err)"
	says "$other: is not a software card, so nothing can be injected"
}

# gone NAME: neither the software card of that name exists, nor $card.
gone() {
	[ ! -e "$class/$card" ] || fail "$card is still there"
	[ ! -e "$config/$1" ] || fail "the folder is still there"
}

create_and_destroy() {
	remove_cards
	run 0 create mine
	card=$(cat out)
	[ -d "$class/$card" ] || fail "there is no $card"
	[ -c "/dev/cxl/afu${card#card}.0s" ] || fail "there is no node"
	run 0 destroy mine
	gone mine
	run 0 create --json mine caia_version=1.7 vpd_v5=0123456789abcdef afu3/num_procs=3
	grep -qx "{\"software\":\"mine\",\"name\":\"$card\",\"pci\":\"[0-9a-f]*:00:00.0\"}" out || fail "$(cat out)"
	[ "$(cat "$class/$card/caia_version")" = 1.7 ] || fail "no caia_version"
	[ "$(cat "$config/mine/afu3/num_procs")" -eq 3 ] || fail "no num_procs"
	for slot in 0 3; do
		[ -d "$class/afu${card#card}.$slot" ] || fail "no AFU $slot"
	done
	run 0 destroy "$card"
	gone mine
}

create_leaves_nothing_when_it_fails() {
	remove_cards
	for setting in psl_revision=0x10000 psl_revision= image=holiday afu0/modes=none afu2/num_procs=0; do
		run 2 create mine afu1/irqs_min=2 "$setting"
		says "invalid value '${setting#*=}' for ${setting%%=*}"
		[ ! -e "$config/mine" ] || fail "$setting: the folder is left"
	done
	for setting in color=red afu0/color=red afu4/modes=directed live=1 afu0=1; do
		run 2 create mine "$setting"
		says "there is no attribute ${setting%%=*}"
		[ ! -e "$config/mine" ] || fail "$setting: the folder is left"
	done
	for setting in psl_revision =1 ../default/live=0 ''; do
		run 2 create mine "$setting"
		says "'$setting' must be ATTRIBUTE=VALUE"
		[ ! -e "$config/mine" ] || fail "$setting: the folder is left"
	done
	run 2 create mine "image=$(seq 99 | tr -d '\n')"
	says "create: the value of image is too long"
	run 0 create mine vpd_v5=
	run 0 destroy mine
	run 1 create mine num=7
	[ ! -e "$config/mine" ] || fail "the folder is left"
	for name in '' . .. .hidden a/b; do
		run 2 create "$name"
		says "invalid software card name '$name'"
		run 2 destroy "$name"
	done
	# As many cards as possible
	n=1
	while afuctl create "card-$n" afu0/num_crs=0 >out 2>err; do
		n=$((n + 1))
		[ "$n" -lt 30 ] || fail "there is no limit"
	done
	[ "$n" -eq 19 ] || fail "$n cards: $(cat err)"
	[ "$(wc -l <err)" -eq 1 ] || fail "$(cat err)"
	[ ! -e "$config/card-$n" ] || fail "the folder is left"
}

# A card, or an AFU of it, that cannot be created as requested
card_that_was_not_made_is_told() {
	remove_cards
	for settings in user_irqs=1 'user_irqs=1 afu0/irqs_min=1 afu1/irqs_min=4'; do
		# shellcheck disable=SC2086
		run 1 create mine $settings
		[ ! -s out ] || fail "$settings: $(cat out)"
		[ ! -e "$config/mine" ] || fail "$settings: the folder is left"
		run 0 list
		! grep -q 'software card mine' out || fail "$settings: $(cat out)"
	done
}

create_twice() {
	new_card
	run 4 create test
	says "test: this software card exists already"
	[ -d "$class/$card" ] || fail "the card is gone"
	run 4 create default
	[ -d "$class/card0" ] || fail "the card is gone"
}

default_card_comes_back() {
	remove_cards
	run 0 destroy default
	[ ! -e "$class/card0" ] || fail "it is still there"
	run 0 list
	[ "$(cat out)" = 'no cards' ] || fail "$(cat out)"
	run 0 list --json
	[ "$(tr -d ' \n' <out)" = '{"cards":[]}' ] || fail "$(cat out)"
	run 0 create default
	[ "$(cat out)" = card0 ] || fail "$(cat out)"
	run 0 destroy card0
	run 2 create default image=none
	[ -d "$config/default" ] || fail "the folder is gone"
	[ ! -e "$class/card0" ] || fail "the card is there"
	run 0 create default
}

# This comes last: the modules are only loaded again for the next program.
without_drivers() {
	remove_cards
	rmmod cxl-copy cxl-sim
	run 0 list
	[ "$(cat out)" = 'no cards' ] || fail "$(cat out)"
	run 3 create mine
	says "is cxl-sim loaded"
	run 3 destroy mine
	run 3 info card0
	rmmod cxl
	for command in list 'info card0' 'info afu0.0' 'mode afu0.0' 'reset card0' 'monitor afu0.0' 'top -b' \
		'inject link card0 up'; do
		# shellcheck disable=SC2086
		run 3 $command
		says "the driver cxl is not loaded"
	done
	run 3 monitor
	says "there are no tracepoints: the driver cxl is not loaded"
	modprobe cxl-sim
	modprobe cxl-copy
	run 0 list
	shows '^card0 '
}

tap_run afuctl_sim inject_reaches_the_card inject_refuses_nonsense \
	only_software_cards_take_injections create_and_destroy create_leaves_nothing_when_it_fails \
	card_that_was_not_made_is_told create_twice default_card_comes_back without_drivers

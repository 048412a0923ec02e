#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What several places say about afuctl, afu-cp and afu-psl: help, man page,
# completion for bash, zsh and fish. The guest's programs are run for their
# help.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
tools=$out/tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
commands='list info monitor top state mode reset inject create destroy'

# native: the guest's programs run here, too.
native() {
	[ "$deb_arch" = "$(dpkg --print-architecture)" ] || skip "the programs are for $deb_arch"
}

# help_of PROGRAM [COMMAND]
help_of() {
	"$tools/$1" ${2:+"$2"} --help || fail "$* --help: status $?"
}

# Long options that a help lists, one in a line
options_of() {
	help_of "$@" | sed -n 's/^ *\(-[a-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' | sort -u
}

# completes WORD...: what bash offers for the last word, one per line.
completes() {
	bash -c '
		. packaging/completion/bash/"$1"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		function_of=$(complete -p "$1") && function_of=${function_of#*-F }
		"${function_of%% *}"
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$@" | sort
}

# has WORD: the text on standard input has it as a line.
has() {
	grep -qxF -- "$1" || fail "$1 is not there"
}

every_command_is_everywhere() {
	native
	[ "$(help_of afuctl | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' | tr '\n' ' ')" = "$commands " ] ||
		fail "$(help_of afuctl)"
	for command in $commands; do
		completes afuctl '' | has "$command"
		grep -q "^\.It Cm $command" man/man1/afuctl.1 || fail "$command is not in afuctl(1)"
	done
	[ "$(completes afuctl mo | tr '\n' ' ')" = 'mode monitor ' ] || fail "$(completes afuctl mo)"
}

every_option_is_everywhere() {
	native
	for command in $commands; do
		options_of afuctl "$command" | has --help
		for option in $(options_of afuctl "$command"); do
			completes afuctl "$command" - | has "$option"
			sed 's/\\-/-/g' man/man1/afuctl.1 | grep -q "Fl -${option#--}\b" ||
				fail "$option is not in afuctl(1)"
		done
		[ "$(completes afuctl "$command" - | wc -l)" -eq "$(options_of afuctl "$command" | wc -l)" ] ||
			fail "$command: too many options are completed"
	done
	for program in afu-cp afu-psl afu-flash; do
		for option in $(options_of "$program"); do
			completes "$program" - | has "$option"
			grep -q "Fl -${option#--}\b" "man/man1/$program.1" ||
				fail "$option is not in $program(1)"
		done
	done
}

exit_statuses_are_the_same() {
	native
	for program in afuctl afu-cp afu-flash; do
		text=$(help_of "$program" | tr '\n' ' ')
		for status in 0 1 2 3 4 5 6; do
			[ "$program $status" != 'afu-flash 6' ] || continue
			case $text in
			*" $status "*) ;;
			*) fail "$program: status $status is not in the help" ;;
			esac
			grep -qx "\.It $status" "man/man1/$program.1" ||
				fail "$program: status $status is not in the man page"
		done
	done
}

completion_of_arguments() {
	native
	for what in irq fault error link recovery remove delay; do
		completes afuctl inject '' | has "$what"
		help_of afuctl inject | grep -q "^  $what " || fail "$what is not in the help"
	done
	[ "$(completes afuctl inject link card0 '' | tr '\n' ' ')" = 'down up ' ] || fail "link"
	[ "$(completes afuctl inject recovery card0 p)" = perm_failure ] || fail "recovery"
	completes afuctl mode afu0.0 '' | has afu_directed
	completes afuctl monitor -- afu-cp COPY | has COPYING
	completes afuctl monitor -- l | has ls
	completes afu-cp COPY | has COPYING
	completes afu-cp --chunk '' | has 64K
	[ -z "$(completes afuctl nonsense '')" ] || fail "completes after nonsense"
}

# requests: what can be given to afu-flash --inject
requests() {
	help_of afu-flash | sed -n '/^A REQUEST/,/^$/s/^  \([a-z]*\).*/\1/p'
}

requests_are_completed() {
	native
	[ "$(requests | wc -l)" -ge 7 ] || fail "$(requests)"
	completes afu-flash --inject '' >"$work/bash"
	command -v fish >/dev/null && fish_completes 'afu-flash --inject ' >"$work/fish"
	command -v zsh >/dev/null && echo 'afu-flash --inject ' | zsh_completes >"$work/zsh"
	for request in $(requests); do
		for shell in bash fish zsh; do
			[ ! -e "$work/$shell" ] || has "$request" <"$work/$shell" || fail "$shell: $request"
		done
	done
}

# fish_completes LINE: what fish offers at its end, one per line.
fish_completes() {
	fish -c "source packaging/completion/fish/${1%% *}.fish; complete -C '$1'" | cut -f1
}

fish_completes_the_same() {
	native
	command -v fish >/dev/null || skip "no fish"
	for command in $commands; do
		fish_completes 'afuctl ' | has "$command"
		for option in $(options_of afuctl "$command"); do
			fish_completes "afuctl $command --" | has "$option"
		done
	done
	for program in afu-cp afu-psl afu-flash; do
		for option in $(options_of "$program"); do
			fish_completes "$program --" | has "$option"
		done
	done
	for what in irq fault error link recovery remove delay; do
		fish_completes 'afuctl inject ' | has "$what"
	done
	[ "$(fish_completes 'afuctl inject link card0 ' | tr '\n' ' ')" = 'down up ' ] || fail "link"
	fish_completes 'afuctl mode afu0.0 ' | has afu_directed
	fish_completes 'afu-cp --chunk ' | has 64K
}

# What zsh offers at the end of each line of standard input, one per line.
zsh_completes() {
	tr '\n' '\0' | xargs -0 timeout 60 tests/host/zsh-complete
}

# all_options: "PROGRAM [COMMAND] --", a tab, and an option of it
all_options() {
	for command in $commands; do
		options_of afuctl "$command" | sed "s/^/afuctl $command --	/"
	done
	for program in afu-cp afu-psl afu-flash; do
		options_of "$program" | sed "s/^/$program --	/"
	done
}

zsh_completes_the_same() {
	native
	command -v zsh >/dev/null || skip "no zsh"
	command -v python3 >/dev/null || skip "no python3"
	all_options | cut -f1 | uniq | zsh_completes >"$work/zsh"
	for option in $(all_options | cut -f2); do
		has "$option" <"$work/zsh"
	done
	echo 'afuctl ' | zsh_completes >"$work/zsh"
	for command in $commands; do
		has "$command" <"$work/zsh"
	done
	echo 'afuctl inject ' | zsh_completes >"$work/zsh"
	for what in irq fault error link recovery remove delay; do
		has "$what" <"$work/zsh"
	done
	[ "$(echo 'afuctl inject link card0 ' | zsh_completes | tr '\n' ' ')" = 'down up ' ] || fail "link"
	echo 'afuctl mode afu0.0 ' | zsh_completes | has afu_directed
	echo 'afu-cp --chunk ' | zsh_completes | has 64K
	echo 'afuctl monitor -- l' | zsh_completes | has ls
}

tap_run afuctl_docs every_command_is_everywhere every_option_is_everywhere \
	exit_statuses_are_the_same completion_of_arguments \
	requests_are_completed fish_completes_the_same zsh_completes_the_same

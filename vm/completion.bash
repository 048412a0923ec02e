# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of ./guest for bash: read it with "." in ~/.bashrc.

_guest() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local here i
	here=$(dirname "${COMP_WORDS[0]}")
	COMPREPLY=()

	# From the command on, it is completed as any other.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--module | --card | --kernel | --arch | --memory | --cpus | --trace | --append) ((i++)) ;;
		--)
			_command_offset $((i + 1))
			return
			;;
		-*) ;;
		*)
			_command_offset "$i"
			return
			;;
		esac
	done
	case $before in
	--module | --trace) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	--kernel) mapfile -t COMPREPLY < <(cd "$here/vm/kernels" && compgen -f -- "$word") ;;
	--arch) mapfile -t COMPREPLY < <(cd "$here/vm/arch" && compgen -f -- "$word") ;;
	--card | --memory | --cpus | --append) ;;
	*)
		case $word in
		-*) mapfile -t COMPREPLY < <(compgen -W '--module --card --no-card --kernel
			--arch --memory --cpus --net --trace --append --gdb --help --' -- "$word") ;;
		*) mapfile -t COMPREPLY < <(compgen -c -f -- "$word") ;;
		esac
		;;
	esac
}
complete -o filenames -F _guest ./guest guest

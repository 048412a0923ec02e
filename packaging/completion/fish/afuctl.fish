# SPDX-License-Identifier: GPL-2.0-only
# Completion of afuctl for fish.

function __afuctl_names
    for pattern in $argv
        for path in /sys/class/cxl/*
            string match -r -- "^$pattern\$" (basename $path)
        end
    end
end

function __afuctl_cards
    __afuctl_names 'card[0-9]+'
end

function __afuctl_afus
    __afuctl_names 'afu[0-9]+\.[0-9]+'
end

function __afuctl_software
    for path in /sys/kernel/config/cxl-sim/*/
        basename $path
    end
end

# Arguments before the cursor that are no options, the command included
function __afuctl_arguments
    for word in (commandline -opc)[2..-1]
        string match -qv -- '-*' $word; and echo $word
    end
end

# Is the command one of $argv[2..-1], and have $argv[1] arguments come behind it?
function __afuctl_at
    set -l arguments (__afuctl_arguments)
    contains -- "$arguments[1]" $argv[2..-1]; and test (count $arguments) -eq (math $argv[1] + 1)
end

function __afuctl_command
    set -l arguments (__afuctl_arguments)
    contains -- "$arguments[1]" $argv
end

function __afuctl_inject
    set -l arguments (__afuctl_arguments)
    test "$arguments[1]" = inject; and contains -- "$arguments[2]" $argv[2..-1]
    and test (count $arguments) -eq $argv[1]
end

set -l commands list info monitor top state mode reset inject create destroy

complete -c afuctl -f
complete -c afuctl -n __fish_use_subcommand -a list -d 'list cards, their AFUs, nodes and contexts'
complete -c afuctl -n __fish_use_subcommand -a info -d 'show all attributes of a card or an AFU'
complete -c afuctl -n __fish_use_subcommand -a monitor -d 'print events as they arrive'
complete -c afuctl -n __fish_use_subcommand -a top -d 'show live counters of all contexts'
complete -c afuctl -n __fish_use_subcommand -a state -d 'show what the AFUs of software cards are doing'
complete -c afuctl -n __fish_use_subcommand -a mode -d 'show or change the mode of an AFU'
complete -c afuctl -n __fish_use_subcommand -a reset -d 'reset a card or an AFU'
complete -c afuctl -n __fish_use_subcommand -a inject -d 'make things happen to a software card'
complete -c afuctl -n __fish_use_subcommand -a create -d 'make a software card'
complete -c afuctl -n __fish_use_subcommand -a destroy -d 'remove a software card'
complete -c afuctl -n __fish_use_subcommand -l version -d 'show the version'
complete -c afuctl -s h -l help -d 'show the help'
complete -c afuctl -n "__afuctl_command $commands" -s j -l json -d 'print objects for programs'

complete -c afuctl -n '__afuctl_at 0 info reset destroy' -a '(__afuctl_cards)'
complete -c afuctl -n '__afuctl_at 0 info monitor state mode reset' -a '(__afuctl_afus)'
complete -c afuctl -n '__afuctl_at 0 destroy' -a '(__afuctl_software)'
complete -c afuctl -n '__afuctl_at 1 mode' -a 'dedicated_process afu_directed none'
complete -c afuctl -n '__afuctl_at 0 inject' -a 'irq fault error link recovery remove delay'
complete -c afuctl -n '__afuctl_inject 2 irq fault error' -a '(__afuctl_afus)'
complete -c afuctl -n '__afuctl_inject 2 link recovery remove delay' -a '(__afuctl_cards)'
complete -c afuctl -n '__afuctl_inject 3 link' -a 'down up'
complete -c afuctl -n '__afuctl_inject 3 recovery' -a 'frozen perm_failure'

complete -c afuctl -n '__afuctl_command monitor top' -s c -l count -x -d 'end after so many'
complete -c afuctl -n '__afuctl_command monitor' -l color -x -a 'auto always never' -d colours
complete -c afuctl -n '__afuctl_command monitor' -l fd -x -d 'events of an inherited descriptor'
complete -c afuctl -n '__afuctl_command monitor' -l irqs -x -d 'interrupts for the context'
complete -c afuctl -n '__afuctl_command monitor' -s t -l timeout -x -d 'end after seconds'
complete -c afuctl -n '__afuctl_command monitor' -s v -l verbose -d 'interrupts, faults and fetched events too'
complete -c afuctl -n '__afuctl_command monitor' -l wed -x -d 'work element descriptor'
complete -c afuctl -n '__afuctl_command top' -s b -l batch -d 'print lines of text'
complete -c afuctl -n '__afuctl_command top' -s i -l interval -x -d 'seconds between two times'
complete -c afuctl -n '__afuctl_command create' -l flash -d 'a flash card'
complete -c afuctl -n '__afuctl_command reset' -s f -l force -d 'even if the card is in use'
complete -c afuctl -n '__afuctl_command reset' -s w -l wait -x -d 'seconds for the card to be back'

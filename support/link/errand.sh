#!/bin/sh
# What --run needs at a target: runs a command in the copy, over a connection of its own, whose output
# goes through as it is up to the line that says how it ended. It is sent as receiver.sh is.
#
#   errand    NONCE ready SIGNAL WHO    what interrupts the command: kill SIGNAL WHO, with their dashes
#   sender    NONCE go WHO              begin
#             NONCE in SIZE | eof       SIZE bytes follow that it shall read; there are no more
#             NONCE bye                 else it is ended when the connection ends
#   errand    NONCE exit STATUS         right behind the output, after a byte of value 1

# FOLDER COMMAND READY: leads a process group, so that all of it can be ended, and says its number.
# shellcheck disable=SC2016
begin='printf "\n%s\n" "$3$$" && read -r _ && cd -P -- "$1" && exec sh -c "$2"'

feed() { # takes what the sender says, to the end of the connection
    trap '' PIPE
    who=
    while IFS=' ' read -r mark word what <&3 && [ "$mark" = "$nonce" ]; do
        case $word in
        go) who=$what && echo go ;;
        in) { echo "$what" && dd bs="$what" count=1 iflag=fullblock; } <&3 2>/dev/null || : ;;
        eof) echo eof || : ;;
        *) return ;;
        esac
    done
    [ "$who" ] || return 0
    for signal in -TERM -0 -0 -0 -KILL; do
        kill "$signal" "$who" 2>/dev/null || return 0
        sleep 1
    done
}

pass() { # hands on what the command shall read; the pipe ends when this does
    trap '' PIPE
    while read -r size; do
        case $size in
        go) echo ;;
        eof) return ;;
        *) dd bs="$size" count=1 iflag=fullblock 2>/dev/null || : ;;
        esac
    done
}

main() { # NONCE FOLDER COMMAND
    set -eu
    nonce=$1
    shift
    signal=-INT group=
    if sh -c 'kill -INT $$'; then signal=-TERM; fi # What ignores it hands that on.
    if command -v setsid >/dev/null; then group=-; fi
    set -- sh -c "$begin" sh "$@" "$nonce ready $signal $group"
    [ -z "$group" ] || set -- setsid "$@"
    exec 3<&0 </dev/null
    feed | pass 3<&- | {
        status=0
        "$@" 3<&- || status=$?
        printf '\1%s exit %s\n' "$nonce" "$status"
    }
}

main "$@"

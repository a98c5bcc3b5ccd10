#!/bin/sh
# Runs a command of the user's in the copy, over a connection of its own. The sender writes this text
# into a shell as it writes receiver.sh. Every line begins with NONCE; the command's output passes as it is.
#
#   errand    NONCE ready SIGNAL WHO    kill SIGNAL WHO interrupts the command; both with their dashes
#   sender    NONCE go WHO              start the command
#             NONCE in SIZE             SIZE bytes for its stdin follow
#             NONCE eof                 its stdin ends
#             NONCE bye                 it has ended; what it left running may go on
#   errand    NONCE exit STATUS         follows the output, after a byte of value 1
#
# The command ends when the connection does. If the command does not read its stdin, this may not see the
# end of the connection: then the sender runs "main end" over another connection.

# FOLDER COMMAND READY: the leader of the command's process group. Says READY and its own number, and
# waits for a line before it becomes the command.
# shellcheck disable=SC2016
begin='printf "\n%s\n" "$3$$" && read -r _ && cd -P -- "$1" && exec sh -c "$2"'

send() { # WHO SIGNAL...: sends a signal a second, for as long as there is someone to get it
    who=$1
    shift
    for signal in "$@"; do
        kill "$signal" "$who" 2>/dev/null || return 0
        sleep 1
    done
}

feed() {                      # takes the sender's lines, to the end of the connection, and hands on the command's stdin
    trap '' HUP INT PIPE TERM # It has to outlive the connection.
    who=
    while IFS=' ' read -r mark word what <&3 && [ "$mark" = "$nonce" ]; do
        case $word in
        go) who=$what && echo go ;;
        in) { echo "$what" && dd bs="$what" count=1 iflag=fullblock; } <&3 2>/dev/null || : ;;
        eof) echo eof || : ;;
        *) return ;;
        esac
    done
    [ -z "$who" ] || send "$who" -TERM -0 -0 -0 -KILL
}

pass() { # writes the command's stdin, which ends when this does
    trap '' PIPE
    while read -r size; do
        case $size in
        go) echo ;;
        eof) return ;;
        *) dd bs="$size" count=1 iflag=fullblock 2>/dev/null || : ;;
        esac
    done
}

run() { # NONCE MARK FOLDER COMMAND
    nonce=$1
    export FREP_RUN="$2"
    shift 2
    signal=-INT group=
    if sh -c 'kill -INT $$'; then signal=-TERM; fi # An ignored SIGINT is ignored by the command, too.
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

# MARK WHO: ends a command whose connection is lost, if "feed" has not done so a moment later. A restarted
# container counts its processes anew: where /proc shows that WHO is another one, it is left alone.
end() {
    if [ -e /proc/self/environ ]; then
        case $(tr -d '\0' 2>/dev/null <"/proc/${2#-}/environ") in *"$1"*) ;; *) return ;; esac
    fi
    send "$2" -0 -0 -TERM -0 -0 -0 -KILL
}

main() { # run|send|end ARGUMENT...
    set -eu
    "$@"
}

main "$@"

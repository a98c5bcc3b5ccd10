#!/bin/sh
# frep's receiver: makes one folder of this machine the copy of a folder at the sender's.
#
# The sender writes this text into a shell as one { ... } block, with main's arguments set before it,
# and waits for "ready" before it sends a byte more, since shells read ahead. Nothing is installed.
#
# The wire. Each line of either end begins with NONCE, random and known to these two ends alone.
#   sender    NONCE list [SUM]          what is there? Or is it what has that digest?
#             NONCE set N SIZE          a change set: a tar archive follows, padded to records of SIZE
#                                       bytes. Or, if that is 0 or gzip, in pieces, as it is or
#                                       compressed, each after a line of its own:
#             NONCE chunk SIZE COUNT    COUNT blocks of SIZE bytes
#             NONCE end N | abort N     the archive has ended; an aborted set is forgotten
#             NONCE commit N            puts set N in place: without this line it never happened
#             NONCE sums                what is in the files?
#             NONCE facts               whose shell is it, and how late is it there?
#             NONCE ping N | bye
#   receiver  NONCE ready KEY=VALUE...  or: NONCE refused REASON DETAIL...
#             NONCE listing gnu|stat    then records as in list_gnu or list_stat, then: NONCE listed STATUS
#                                       of find; above 1 it has seen less than there is
#             NONCE listing same        it is
#             NONCE sums                then records as in sums
#             NONCE ok N                all of it is in place
#             NONCE part N              all but the paths that follow, each ended by a NUL, is: folders in
#                                       which something stays, and what the tools complained of before,
#                                       without NONCE. An empty path ends them
#             NONCE err N               nobody knows how much of it is
#             NONCE facts KEY=VALUE...
#             NONCE pong N
#             NONCE gone                a newer sender has taken the destination over
#
# With "look" among main's arguments nothing is made: set and commit cannot be asked for. With TRASH,
# or with "undo", trash.sh has come before this, and says what more there is. What --run needs is another
# script, errand.sh.
#
# The archive of a set is unpacked into a folder that nobody looks into, and holds
#   plan      lines VERB KEY PATH, done in order when the set is committed. PATH is relative to the
#             destination, which itself is "."; all but plain characters are written as \0ooo
#   n/KEY/    what goes into one folder, new folders whole
#   t/        what goes into many folders, as a tree
#   d/        empty folders with the modes and times that folders shall have
#   lists of paths, each ended by a NUL byte: see remove and drop
# shellcheck disable=SC2317 # The plan's verbs are called by their names.

say() { printf '\n%s %s\n' "$nonce" "$*"; }

refuse() {
    say refused "$@"
    exit 3
}

present() { [ -e "$1" ] || [ -L "$1" ]; } # also a symlink to nowhere

purge() { # FILE...: removes them, folders that may not be written in included
    rm -rf -- "$@" 2>/dev/null || {
        chmod -R u+rwX -- "$@" 2>/dev/null || :
        rm -rf -- "$@"
    }
}

decode() { # BASE PATH: finds the folder that a plan means by PATH, below BASE
    case $2 in
        .) folder=$1 ;;
        *\\*) folder=$(printf '%b.' "$2") && folder=$1/${folder%.} ;;
        *) folder=$1/$2 ;;
    esac
}

enter() { # PATH: goes to that folder, if no symlink and no .. is on the way
    decode "$dest" "$1"
    if cd -P -- "$folder" 2>/dev/null && [ "$PWD" = "$folder" ]; then return; fi
    printf '%s: not there, or behind a symlink\n' "$folder"
    return 1
}

# --- a change set arrives -----------------------------------------------------------------------

stage() { # N SIZE: unpacks what follows into a folder that nobody looks into
    [ -d "$in" ] || lost
    present "$dest" || mkdir -- "$dest" # Somebody has removed it: the set will fail, and all be sent.
    [ -z "$staged" ] || fresh           # What an aborted set has left is not of this one.
    staged=$1
    case $2 in
        0) unpack=unpack_chunks filter=cat ;;
        gzip) unpack=unpack_chunks filter='gzip -dc' ;;
        '' | *[!0-9]*) unpack=false ;; # Arithmetic would run what is in brackets.
        *) unpack=unpack_records ;;
    esac
    cd -- "$in" && "$unpack" "$1" "$2" || staged=failed
    cd /
}

# GNU tar takes no byte more than whole records. What it leaves when it gives up early is no command:
# no line of a file can know the nonce.
unpack_records() { # N SIZE
    status=0
    tar -B -b "$(($2 / 512))" -xpof - <&3 || status=$?
    while IFS=' ' read -r mark word number <&3; do
        [ "$mark $word $number" != "$nonce end $1" ] || return "$status"
        [ "$mark $word $number" != "$nonce abort $1" ] || return 1
    done
    return 1
}

# Other tars read all they can get. So they get no more than the archive; each cat takes what is left.
unpack_chunks() { # N; how it went is noted where the archive has no say
    rm -f ../whole ../broken
    chunks "$1" | {
        $filter || : >../broken
        cat >/dev/null
    } | {
        status=0
        (umask 0 && tar -xpof -) || status=$? # BusyBox's takes a umask off the modes, but for root.
        cat >/dev/null
        exit "$status"
    } && [ -f ../whole ] && [ ! -f ../broken ]
}

chunks() { # N: the archive's bytes, exactly
    while IFS=' ' read -r mark word size count <&3; do
        case "$mark $word" in
            "$nonce chunk") dd bs="$size" count="$count" iflag=fullblock <&3 2>/dev/null || return ;;
            "$nonce end")
                if [ "$size" = "$1" ]; then : >../whole; fi
                return
                ;;
            *) return ;;
        esac
    done
}

fresh() {
    purge "$in"
    mkdir -m 700 -- "$in"
}

# --- and is put in place ------------------------------------------------------------------------

commit() { # N
    result=ok
    if [ "$staged" = "$1" ] && [ -f "$in/plan" ] && own n && own t && own d && give n && give t; then
        while IFS=' ' read -r verb key path <&4; do
            [ -d "$in" ] || lost # A newer sender, since the last step.
            case $verb in
                drop) drop || { result=err && break; } ;;
                into | tree | clear | delete | unlock | attributes | stamp)
                    "$verb" "$key" "$path" || result=err
                    ;;
                *) unknown "$verb" || result=err ;;
            esac
        done 4<"$in/plan"
        [ -z "$trash" ] || relock || result=err
    else
        [ -d "$in" ] || lost
        unknown "set $1" || result=err
    fi
    if [ "$result" = ok ] && [ -s "$stage/left" ]; then
        say part "$1"
        cat -- "$stage/left" && printf '\0'
    else
        say "$result" "$1"
    fi
    staged=
    cd /
    [ ! -f "$stage/left" ] || rm -f -- "$stage/left"
    fresh
}

own() { [ ! -L "$in/$1" ]; } # NAME: else it is what is elsewhere that would be moved

give() { # NAME: to the owner that was asked for, before anybody sees it
    [ -z "$owner" ] || [ ! -d "$in/$1" ] || chown -hR -- "$owner" "$in/$1"
}

unknown() { # WHAT
    printf 'not there whole, or not understood: %s\n' "$1"
    return 1
}

drop() { # what the sender found to be torn
    cd "$in" && [ -f drop ] && xargs -0 sh -c "$inside" sh "$in" <drop && xargs -0 rm -rf -- <drop
}

leave() { # PATH: it is not as the plan wants it; the path is relative to the destination
    printf '%s\0' "$1" >>"$stage/left"
}

into() { # KEY PATH: moves what is in n/KEY into that folder, each name by one rename
    case $1 in '' | *[!0-9]*) unknown "$1" || return ;; esac
    own "n/$1" || unknown "$1" || return
    enter "$2" || return
    from=$in/n/$1
    if [ "$mounts" ] && [ "$(stat -c %d .)" != "$(stat -c %d "$in")" ]; then
        from=$PWD/.frep-$tag.$nonce # A rename cannot cross file systems: copy first.
        mkdir -m 700 -- "$from" && cp -RpP -- "$in/n/$1/." "$from/" || return
    fi
    set +f
    move_here "$from"/* && move_here "$from"/.[!.]* && move_here "$from"/..?*
    status=$?
    [ "$status" = 0 ] || leave_rest "$from" || status=$?
    set -f
    [ "$from" = "$in/n/$1" ] || purge "$from"
    return "$status"
}

leave_rest() { # FOLDER: what could not be moved from it to here
    status=0
    for file in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        ! present "$file" || leave "${PWD#"$dest"}/${file##*/}"
    done
}

move_here() { # FILE...
    present "$1" || return 0
    [ -z "$trash" ] || keep_here "$@" || return
    if mv -f -- "$@" .; then return; fi
    for file; do                    # BusyBox mv does not replace a link that leads nowhere or in a circle.
        present "$file" || continue # It has been moved.
        name=./${file##*/}
        if [ -L "$name" ] && [ ! -e "$name" ]; then rm -f -- "$name"; fi
        mv -f -- "$file" . || return
    done
}

# Links each file to a temporary name and renames that; will not follow a symlink for a folder.
tree() { # stamped or not: if the folders in t/ have the modes and times that they shall have there
    [ -z "$trash" ] || keep_tree || return
    case $1 in stamped) set -- --preserve=mode,timestamps ;; *) set -- ;; esac
    cp -RlfP "$@" -- "$in/t/." "$dest/." && return
    cd -- "$in/t" && find . ! -type d -print0 >"$stage/tree" &&
        xargs -0 sh -c "$unlinked" sh "$dest" <"$stage/tree" >>"$stage/left" || return
    [ "$#" = 0 ] || unstamped t || return
    [ -s "$stage/left" ]
}

# DEST PATH...: says which of these are not the same in DEST, each with a NUL.
# shellcheck disable=SC2016
unlinked='
    dest=$1
    shift
    for path; do
        if [ -L "$path" ]; then
            [ -L "$dest/$path" ] && [ "$(readlink -- "$path")" = "$(readlink -- "$dest/$path")" ] && continue
        elif [ "$path" -ef "$dest/$path" ]; then
            continue
        fi
        printf "%s\0" "${path#.}"
    done
'

clear() { remove clear; }    # what is in the way of something of another kind
delete() { remove deletes; } # what is gone at the source

remove() { # LIST: the files in it, then the folders in LIST-folders where nothing else is left
    cd -P -- "$dest" || return
    for list in "$1" "$1-folders"; do
        [ -f "$in/$list" ] || continue
        xargs -0 sh -c "$inside" sh "$dest" <"$in/$list" || return
    done
    [ -z "$trash" ] || keep_lists "$1" || return
    if [ -f "$in/$1" ] && ! xargs -0 rm -f -- <"$in/$1"; then
        xargs -0 sh -c "$remaining" sh <"$in/$1" >>"$stage/left" || return
    fi
    if [ -f "$in/$1-folders" ]; then
        xargs -0 sh -c "$remove_folders" sh <"$in/$1-folders" >>"$stage/left" || return
    fi
}

# PATH...: says which of these are there, each with a NUL.
# shellcheck disable=SC2016
remaining='for path; do if [ -e "$path" ] || [ -L "$path" ]; then printf "%s\0" "${path#.}"; fi; done'

# PATH...: removes these folders, and says which of them are still there.
# shellcheck disable=SC2016
remove_folders='rmdir -- "$@" 2>/dev/null
    for path; do if [ -d "$path" ]; then printf "%s\0" "${path#.}"; fi; done'

# DEST PATH...: fails unless each ./PATH is in a folder of DEST, not behind a symlink, or not there.
# shellcheck disable=SC2016
inside='
    dest=$1 last=
    shift
    for path; do
        case $path/ in ./*) ;; *) echo "$path: not relative"; exit 255 ;; esac
        case $path/ in */../* | *//*) echo "$path: not plain"; exit 255 ;; esac
        parent=${path%/*}
        [ "$parent" != "$last" ] || continue
        last=$parent
        cd -P -- "$dest/$parent" 2>/dev/null || continue
        [ "$PWD" = "$dest${parent#.}" ] || { echo "$path: behind a symlink"; exit 255; }
    done
'

unlock() { # - PATH: a folder that its owner may not write in, or not even enter
    case $2 in
        .) around=. ;;
        */*) around=${2%/*} ;;
        *) around=. ;;
    esac
    enter "$around" && decode "$dest" "$2" || return
    name=.
    if [ "$2" != . ]; then name=./${folder##*/}; fi
    case $name in
        ./ | ./. | ./..) unknown "$2" || return ;;
    esac
    if [ -L "$name" ] || [ ! -d "$name" ]; then
        unknown "$folder" || return
    fi
    [ -z "$trash" ] || keep_mode "$2" "$name"
    chmod u+rwx -- "$name"
}

attributes() { # MODE PATH
    enter "$2" || return
    { chmod "00$1" . && touch -r "$in/d${folder#"$dest"}" .; } || leave "${folder#"$dest"}/."
}

# Never writes into a file or through a link, should there be more than folders.
stamp() { cp -R --remove-destination --preserve=mode,timestamps -- "$in/d/." "$dest/." || unstamped d; }

unstamped() { # NAME: leaves the folders that have not the modes and times of those in NAME
    cd -- "$in/$1" && find . -type d -print0 >"$stage/tree" &&
        xargs -0 sh -c "$other_stamp" sh "$dest" <"$stage/tree" >>"$stage/left" && [ -s "$stage/left" ]
}

# DEST PATH...: says which of these folders have another mode or time in DEST, each as PATH/. with a NUL.
# shellcheck disable=SC2016
other_stamp='
    dest=$1
    shift
    for path; do
        [ "$(stat -c "%a %Y" -- "$path")" = "$(stat -c "%a %Y" -- "$dest/$path")" ] ||
            printf "%s/.\0" "${path#.}"
    done
'

# --- what is there ------------------------------------------------------------------------------

list() { # [SUM]
    if [ -n "$1" ] && [ "$(digest 2>/dev/null)" = "$1  -" ]; then
        say listing same
        return
    fi
    say listing "$lists"
    status=0
    if cd -P -- "$dest" 2>/dev/null; then "list_$lists" || status=$?; fi
    printf '\0'
    say listed "$status"
}

digest() { # or nothing, if some of it cannot be seen
    cd -P -- "$dest" && { ! list_gnu || printf 'whole\0'; } | sort -z | sha256sum
}

# d MODE SECONDS PATH, f MODE SIZE SECONDS PATH, l PATH//TARGET or KIND PATH, each with a NUL, folders
# before what is in them; an empty record ends them. Without a time zone find would look for one at each
# file, which takes as long as all the rest.
list_gnu() {
    TZ=UTC0 find . -path "./.frep-$tag.*" -prune -o \
        -type d -printf 'd %m %Ts %P\0' -o -type f -printf 'f %m %s %Ts %P\0' -o \
        -type l -printf 'l %P//%l\0' -o -printf '%y %P\0' 2>/dev/null
}

# Names, each with a NUL, an empty name, what stat says of each (hexadecimal mode, size, seconds,
# name), NUL, each link and its target, each with a NUL, an empty name; an empty name ends them.
# shellcheck disable=SC2016
list_stat() {
    exec 5>&1
    statuses=$({
        { find . -path "./.frep-$tag.*" -prune -o -print0 2>/dev/null || echo "$?" >&4; } | xargs -0 sh -c '
            [ "$#" != 0 ] || exit 0
            printf "%s\0" "$@"
            printf "\0"
            stat -c "%f %s %Y %n" -- "$@" 2>/dev/null
            printf "\0"
            for name; do
                [ ! -L "$name" ] || { printf "%s\0" "$name"; readlink -n -- "$name"; printf "\0"; }
            done
            printf "\0"' sh >&5 || echo "$?" >&4
    } 4>&1)
    exec 5>&-
    statuses=${statuses%%"$newline"*}
    return "${statuses:-0}"
}

# Names of files, each with a NUL, an empty name, what sha256sum says of each, NUL; at the end an
# empty name.
# shellcheck disable=SC2016
sums() {
    say sums
    if cd -P -- "$dest" 2>/dev/null; then
        find . -path "./.frep-$tag.*" -prune -o -type f -print0 2>/dev/null | xargs -0 sh -c '
            [ "$#" != 0 ] || exit 0
            printf "%s\0" "$@"
            printf "\0"
            sha256sum -- "$@" 2>/dev/null
            printf "\0"' sh || :
    fi
    printf '\0'
    say listed
}

# --- one connection -----------------------------------------------------------------------------

prepare() { # PARENT NAME: finds out what there is to work with
    [ ! -t 3 ] || refuse terminal
    LC_ALL=C
    export LC_ALL
    unset CDPATH TAR_OPTIONS
    set -f
    missing=
    for tool in tar dd find xargs mv cp rm mkdir rmdir chmod touch stat head grep; do
        command -v "$tool" >/dev/null || missing="$missing $tool"
    done
    [ -z "$missing" ] || refuse missing "$(system)$missing"
    tar=$(tar --version 2>&1) || :
    tar=${tar%%"$newline"*}
    case $tar in
        *GNU*) ;;
        *[Bb]usy[Bb]ox* | bsdtar*) ;;
        *) refuse tar "$(system)" "$tar" ;;
    esac
    records=no lists=stat links=no zip=no
    if { dd if=/dev/zero bs=1024 count=1 iflag=fullblock 2>/dev/null && echo 12; } | {
        tar -B -b 2 -xf - 2>/dev/null && read -r rest && [ "$rest" = 12 ]
    }; then
        records=yes
    elif [ "$(printf 12 | dd bs=2 count=1 iflag=fullblock 2>/dev/null)" != 12 ]; then
        refuse dd "$(system)"
    fi
    if command -v gzip >/dev/null; then zip=gzip; fi
    if find . -prune -printf '' 2>/dev/null; then lists=gnu; fi
    copier=$(cp --version 2>/dev/null) || :
    case ${copier%%"$newline"*} in
        *"GNU coreutils) 8."[0-9] | *"GNU coreutils) 8.1"? | *"GNU coreutils) 8.2"[0-6]) ;;
        *"GNU coreutils) "[89].* | *"GNU coreutils) "[1-9][0-9].*) links=yes ;;
    esac
    locate "$1" "$2"
}

system() { sed -n 's/^ID=//p' /etc/os-release 2>/dev/null | head -n 1 || :; }

locate() { # PARENT NAME: makes the destination and a folder to stage in, on the same file system
    [ "$look" ] || [ -d "$1" ] || said=$(mkdir -p -- "$1" 2>&1) || deny "$1" "$said"
    base=${1%/}
    if cd -P -- "$1" 2>/dev/null; then base=${PWD%/}; else
        [ "$look" ] || deny "$1" 'Permission denied'
    fi
    dest=$base/$2
    [ ! -L "$dest" ] || refuse symlink "$dest"
    made=
    if [ ! -d "$dest" ]; then made=yes; fi
    [ "$look" ] || [ -z "$made" ] || said=$(mkdir -- "$dest" 2>&1) || deny "$dest" "$said"
    guard=
    case $dest in
        /*/*) [ "$base" = "${1%/}" ] || guard=symlink ;;
        *) guard=shallow ;;
    esac
    home=${HOME:-/}
    if cd -P -- "$home" 2>/dev/null; then home=$PWD; fi
    cd /
    case ${home%/}/ in "$dest"/*) guard=home ;; esac
    mounts_below
    root=no
    if [ -O "$dest" ] || { [ "$owner" ] && [ "$(id -u)" = 0 ]; }; then root=yes; fi
    if [ "$look" ]; then look; else settle; fi
}

look() { # sees if the destination could be made, or be written in
    near "$dest"
    [ -d "$path" ] || refuse destination "$path: Not a directory"
    [ -w "$path" ] || deny "$path" 'Permission denied'
    [ "$look" != undo ] || own_bin
}

settle() { # makes the folder to stage in
    [ -z "$trash" ] || make_bin
    set +f
    for old in "$base/.frep-$tag."* "$dest/.frep-$tag."*; do
        present "$old" || continue
        [ -z "$again" ] || ! newer "$old" || gone
        purge "$old" 2>/dev/null || : # of a sender that died, or that we follow
    done
    set -f
    for folder in "${base:-/}" "$dest"; do
        stage=${folder%/}/.frep-$tag.$nonce in=$stage/in
        devices=$(stat -c %d -- "$folder" "$dest")
        [ "${devices%"$newline"*}" = "${devices#*"$newline"}" ] || continue
        if said=$(mkdir -m 700 -- "$stage" "$in" 2>&1); then
            printf '%s %s\n' "$run" "$$" >"$stage/run"
            [ -z "$owner" ] || try_owner
            return
        fi
    done
    deny "$dest" "$said"
}

newer() { # STAGE: whether it is of another sender, which lives and so has begun after this one
    { read -r other pid <"$1/run"; } 2>/dev/null && [ "$other" != "$run" ] && kill -0 "$pid" 2>/dev/null
}

lost() { # the staging folder is gone: with a newer sender, or somebody has removed it
    set +f
    for other in "$base/.frep-$tag."* "$dest/.frep-$tag."*; do
        ! present "$other" || gone
    done
    set -f
    { [ -d "$dest" ] || mkdir -- "$dest"; } && mkdir -m 700 -- "$stage" "$in" &&
        printf '%s %s\n' "$run" "$$" >"$stage/run" || exit 1
}

try_owner() { # before anything is sent
    case $owner in
        [!A-Za-z0-9_]* | *[!A-Za-z0-9_.:-]* | *:[!A-Za-z0-9_]* | *:*:* | *:) said='not plain' ;;
        *)
            : >"$stage/owner"
            said=$(chown -h -- "$owner" "$stage/owner" 2>&1) && rm -f -- "$stage/owner" &&
                { [ -z "$made" ] || said=$(chown -h -- "$owner" "$dest" 2>&1); } && return
            ;;
    esac
    purge "$stage"
    [ -z "$made" ] || rmdir -- "$dest" || :
    refuse owner "$(id -un 2>/dev/null || id -u)" "$owner" "$said"
}

near() { # PATH: of it and the folders it is in, the first that is there
    path=$1
    until present "$path"; do
        path=${path%/*}
        path=${path:-/}
    done
}

deny() { # PATH SAID: it cannot be made, or not be written in
    near "$1"
    case $2 in
        *[Pp]ermission*)
            refuse unwritable "$(id -un 2>/dev/null || id -u)" "$(stat -c '%U %A %n' -- "$path")"
            ;;
    esac
    refuse destination "$2"
}

free() { # how many KiB are free at the destination; nothing if that is not known
    near "$dest"
    table=$(df -Pk -- "$path" 2>/dev/null) || :
    # shellcheck disable=SC2086
    set -- ${table##*"$newline"}
    free=${4-}
}

mounts_below() { # whether other file systems are mounted inside, or if that cannot be known
    mounts=
    case $dest in *[!A-Za-z0-9._/-]*) mounts=perhaps ;; esac
    while read -r _ _ _ _ point _; do
        case $point in "$dest"/*) mounts=yes ;; esac
    done 2>/dev/null </proc/self/mountinfo || mounts=perhaps
}

underlined() { # WORD...: as one word
    IFS=_
    said="$*"
    unset IFS
}

facts() { # what only people want to know
    shell=$(readlink "/proc/$$/exe" 2>/dev/null || echo sh)
    underlined "${shell##*/}" ${BASH_VERSION:+"$BASH_VERSION"}
    near "$dest"
    say facts "user=$(id -un 2>/dev/null || id -u) clock=$(date +%s 2>/dev/null || :)" \
        "there=$([ "$path" != "$dest" ] || echo yes) shell=$said"
}

gone() {
    say gone
    exit 4
}

main() { # NONCE TAG PARENT NAME [look | undo | replicate [TRASH [OWNER [RUN [AGAIN]]]]]
    set -eu
    nonce=$1 tag=$2 look='' trash='' owner='' run='' again='' stage='' in='' staged='' said='' newline='
'
    case ${5-} in
        look | undo) look=$5 ;;
        *) trash=${6-} owner=${7-} run=${8-} again=${9-} ;;
    esac
    exec 3<&0 </dev/null 2>&1
    trap '' INT PIPE
    trap 'exit 1' HUP TERM
    trap '[ -z "$stage" ] || purge "$stage"' EXIT
    prepare "$3" "$4"
    free
    # shellcheck disable=SC2086
    underlined $tar
    say ready "records=$records zip=$zip lists=$lists links=$links root=$root mounts=${mounts:+yes}" \
        "guard=$guard free=$free uid=$(id -u) tar=$said"
    while IFS=' ' read -r mark word number size <&3; do
        [ "$mark" = "$nonce" ] || break
        case $word in
            list) list "$number" ;;
            sums) sums ;;
            facts) facts ;;
            set) stage "$number" "$size" ;;
            commit) commit "$number" ;;
            ping) say pong "$number" ;;
            settled) [ -z "$trash" ] || settled ;;
            undo) [ "$look" != undo ] || undo ;;
            *) break ;;
        esac
    done
    exit 0
}

main "$@"

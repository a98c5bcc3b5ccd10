#!/bin/sh
# What receiver.sh can do more with --trash, and for --undo. It is sent before it, for these alone.
#
# What a set replaces or removes is linked into a folder beside the destination before its place is taken:
# so it is missing at no time, and a set that is cut short has lost nothing. There, all sets up to
# "settled" share a folder; in the order of their names these folders are as they came.
#
#   sender    NONCE settled             what is replaced from here on is kept as another change
#             NONCE undo                puts back what was kept last
#   receiver  NONCE undone CHANGE       then of each path that was kept of it: back, stays or fails, NUL,
#                                       the path, NUL; a NUL, and: NONCE listed
# shellcheck disable=SC2154 # receiver.sh has set the variables.

kept='' locks=''

# --- where it is kept ---------------------------------------------------------------------------

find_bin() { bin=${base%/}/.frep-trash-${dest##*/}; }

make_bin() { # for what is kept, on the same file system
    [ "$(stat -c %d -- "${base:-/}")" = "$(stat -c %d -- "$dest")" ] ||
        refuse trash "$dest is a file system of its own"
    find_bin
    present "$bin" || said=$(mkdir -m 700 -- "$bin" 2>&1) || refuse trash "$said"
    own_bin
    last_kept
    changes=${kept##*/}
    changes=${changes%%-*}
    changes=${changes#"${changes%%[!0]*}"} # Else it would be octal.
    case $changes in '' | *[!0-9]*) changes=0 ;; esac
    kept=''
}

own_bin() { # sees that nobody else can have put there what is to be put back
    find_bin
    present "$bin" || return 0
    if [ -L "$bin" ] || [ ! -d "$bin" ]; then refuse trash "$bin is not a folder"; fi
    [ -O "$bin" ] || refuse trash "$bin is somebody else's"
}

name_kept() { # chooses a folder for this change; in the order of their names they are as they came
    [ -z "$kept" ] || return 0
    changes=$((changes + 1))
    kept=$bin/$(printf %09d "$changes")-$(date +%Y-%m-%dT%H:%M:%S 2>/dev/null || :)
}

settled() { kept=''; }

last_kept() { # finds what was kept last
    kept=''
    set +f
    for folder in "$bin"/*; do
        if [ -d "$folder" ] && [ ! -L "$folder" ]; then kept=$folder; fi
    done
    set -f
}

# --- what is replaced or removed is kept ---------------------------------------------------------

keep_here() { # FILE...: where others of these names come now
    for file; do
        shift
        set -- "$@" "./${file##*/}"
    done
    name_kept
    sh -c "$keep" sh "$stage/copy" "$kept${folder#"$dest"}" "$@"
}

keep_tree() { # where what is in t comes now
    name_kept
    cd -- "$in/t" && find . ! -type d -print0 >"$stage/tree" && cd -P -- "$dest" &&
        xargs -0 sh -c "$inside" sh "$dest" <"$stage/tree" &&
        xargs -0 -n 400 sh -c "$keep" sh "$stage/copy" "$kept" <"$stage/tree"
}

keep_lists() { # LIST
    name_kept
    if [ -f "$in/$1" ]; then
        xargs -0 -n 400 sh -c "$keep" sh "$stage/copy" "$kept" <"$in/$1" || return
    fi
    if [ -f "$in/$1-folders" ]; then
        xargs -0 -n 400 sh -c "$keep_folders" sh "$kept" <"$in/$1-folders"
    fi
}

# COPY KEPT PATH...: links what is there of these ./PATHs below KEPT; or copies it, whole before it is
# there, if it cannot be linked: it is on another file system, say.
# shellcheck disable=SC2016
keep='
    copy=$1 kept=$2
    shift 2
    present() { [ -e "$1" ] || [ -L "$1" ]; }
    for path; do
        shift
        if present "$path" && { [ ! -d "$path" ] || [ -L "$path" ]; }; then set -- "$@" "$path"; fi
    done
    [ "$#" != 0 ] || exit 0
    mkdir -p -- "$kept" || exit 255
    cp -lP --parents --no-preserve=mode -- "$@" "$kept/" 2>/dev/null && exit
    cp -lP --parents -- "$@" "$kept/" 2>/dev/null && exit # BusyBox preserves no modes of parents.
    for path; do
        present "$kept/$path" && continue
        mkdir -p -- "$kept/${path%/*}" && rm -f -- "$copy" && cp -RpP -- "$path" "$copy" &&
            mv -- "$copy" "$kept/$path" || exit 255
    done
'

# KEPT PATH...: makes folders below KEPT with the modes of these, what is in them first.
# shellcheck disable=SC2016
keep_folders='
    kept=$1
    shift
    for path; do
        shift
        if [ -d "$path" ] && [ ! -L "$path" ]; then set -- "$@" "$path"; fi
    done
    [ "$#" != 0 ] || exit 0
    modes=$(stat -c %a -- "$@") || exit 255
    for path; do
        mode=${modes%%[!0-9]*} modes=${modes#*[!0-9]}
        mkdir -p -- "$kept/$path" && chmod "$mode" "$kept/$path" || exit 255
    done
'

keep_mode() { locks="$(stat -c %a -- "$2") $1$newline$locks"; } # PATH NAME: a folder that is to be unlocked

relock() { # gives folders that are kept the modes that they had before they were unlocked
    modes=$locks locks=''
    printf %s "$modes" | while read -r mode name; do
        decode "$kept" "$name"
        [ ! -d "$folder" ] || chmod "$mode" "$folder" || return
    done
}

# --- and put back ---------------------------------------------------------------------------------

undo() { # puts back what was kept last
    last_kept
    say undone "${kept##*/}"
    [ -z "$kept" ] || ! put_back '' 2>/dev/null || purge "$kept"
    printf '\0'
    say listed
}

# /PATH: what was kept of a folder; fails if some of it has to stay.
put_back() (
    inner=$1 place=$dest$1 mode='' stays=''
    around=${place%/*}
    around=${around:-/}
    if ! present "$place" && cd -P -- "$around" && [ "$PWD" = "$around" ]; then
        mkdir -m "$(stat -c %a -- "$kept$inner")" -- "./${place##*/}" && printf 'back\0%s/\0' "$inner"
    fi
    if [ -L "$place" ] || ! cd -P -- "$place" || [ "$PWD" != "$place" ]; then
        printf 'stays\0%s/\0' "$inner"
        exit 1
    fi
    [ -w . ] || { mode=$(stat -c %a .) && chmod u+rwx .; }
    chmod u+rwx "$kept$inner"
    set --
    set +f
    for file in "$kept$inner"/* "$kept$inner"/.[!.]* "$kept$inner"/..?*; do
        name=${file##*/}
        if ! present "$file"; then
            continue
        elif [ -d "$file" ] && [ ! -L "$file" ]; then
            put_back "$inner/$name" || stays=yes
        elif [ -d "./$name" ] && [ ! -L "./$name" ]; then
            printf 'stays\0%s\0' "$inner/$name"
            stays=yes
        elif same "$file" "./$name"; then
            rm -f -- "$file" # It was kept, and then its set failed.
        else
            set -- "$@" "$file"
        fi
        if [ "$#" = 400 ]; then
            bring "$inner" "$@" || stays=yes
            set --
        fi
    done
    [ "$#" = 0 ] || bring "$inner" "$@" || stays=yes
    [ -z "$mode" ] || chmod "$mode" .
    [ -z "$stays" ]
)

bring() { # /PATH FILE...: moves what was kept here, each by one rename, and tells what came of it
    below=$1
    shift
    from=$PWD/.frep-$tag.$nonce failed=''
    if [ -z "$mounts" ] || [ "$(stat -c %d .)" = "$(stat -c %d "$kept")" ]; then
        move_here "$@" || :
    elif mkdir -m 700 -- "$from"; then
        for away; do
            cp -RpP -- "$away" "$from/" && move_here "$from/${away##*/}" && rm -f -- "$away"
        done
        purge "$from"
    fi
    for file; do
        shift
        if present "$file"; then way=fails failed=yes; else way=back; fi
        set -- "$@" "$way" "$below/${file##*/}"
    done
    printf '%s\0%s\0' "$@"
    [ -z "$failed" ]
}

# shellcheck disable=SC3013 # All shells that are known to run this have -ef.
same() { [ "$1" -ef "$2" ] && [ ! -L "$1" ] && [ ! -L "$2" ]; }

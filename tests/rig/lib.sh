# tests/rig/lib.sh: what every script of the rig shares: where things are kept, how they report, and how they
# ask Debian for packages. Sourced, never run.
#
# Progress goes to stderr, so that the standard output of each script is its result (a directory, mostly).

set -euo pipefail
shopt -s nullglob

# shellcheck disable=SC2034 # for those that source this
rig_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GDB_VMCORE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gdb-vmcore}
mkdir -p "$cache"

# The machine that is emulated. What is different about one that is not amd64 is in machines/NAME/ (see README).
machine=${RIG_MACHINE:-amd64}
if [ "$machine" != amd64 ]; then
    [ -e "$rig_dir/machines/$machine/host" ] || { echo "no such machine: $machine" >&2; exit 1; }
    # shellcheck disable=SC1090 # one of machines/
    . "$rig_dir/machines/$machine/host"
fi

say() { printf '[%s] %s\n' "$(date +%T)" "$*" >&2; }
die() { say "error: $*"; exit 1; }

# with_lock NAME CMD...: one run at a time does this piece of work; the others wait for it.
# CMD runs with the descriptor closed, so that a process it leaves behind does not keep the lock. Not to be used in a
# condition: bash would then not stop at the first error in CMD.
with_lock() {
    local name=$1 fd; shift
    mkdir -p "$cache/locks"
    exec {fd}> "$cache/locks/$name"
    if ! flock -n "$fd"; then
        say "waiting for another run ($name)"
        flock -w 5400 "$fd" || die "the lock $cache/locks/$name was not released in 90 minutes"
    fi
    ( exec {fd}>&-; "$@" )
    exec {fd}>&-
}

# The debs of one kernel or root are many and mirrors hiccup: try three times.
retry() {
    local n
    for n in 1 2 3; do
        "$@" && return 0
        say "attempt $n failed: $*"
        sleep $((n * 5))
    done
    return 1
}

# need_packages PACKAGE...: installs on the host the tools that are not there yet.
need_packages() {
    local p missing=()
    for p in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ ${#missing[@]} = 0 ] && return 0
    [ "$(id -u)" = 0 ] || die "these packages are missing and only root can install them: ${missing[*]}"
    with_lock host-apt install_packages "${missing[@]}"
}

install_packages() {
    say "installing $*"
    local get=(timeout 1500 apt-get -q -y -o DPkg::Lock::Timeout=600)
    retry "${get[@]}" update >&2 || say "apt-get update failed; trying with the lists that are here"
    DEBIAN_FRONTEND=noninteractive retry "${get[@]}" install --no-install-recommends "$@" >&2 ||
        die "apt-get could not install: $*"
}

# The mirror this machine itself uses for Debian: no host name is written down in the tree.
debian_mirror() {
    local uri
    # shellcheck disable=SC2016 # apt expands it
    uri=$(apt-get indextargets --format '$(SITE) $(LABEL)' 'Created-By: Packages' 2>/dev/null |
        awk '$2 == "Debian" || $1 ~ /\/debian\/?$/ { print $1; exit }')
    [ -n "$uri" ] || uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        grep -v '^ *#' | grep -oE '(https?|file|copy)://[^] ]+/debian/?( |$)' | head -n 1)
    [ -n "$uri" ] || die "no Debian mirror found in this machine's apt sources"
    printf '%s\n' "${uri%% *}"
}

debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# use_suite SUITE [ARCHITECTURE]: sets apt_options, with which apt works on SUITE with lists of its own under the cache.
# "host" is what this machine itself runs, by its own sources (with security updates). ARCHITECTURE: another than amd64; dpkg
# need not know of it, since nothing of it is installed.
use_suite() {
    local suite=$1 architecture=${2:-amd64} root mirror option
    apt_root=$cache/apt/$suite
    [ "$architecture" = amd64 ] || apt_root+=-$architecture
    root=$apt_root
    apt_options=(-o APT::Sandbox::User=root)
    mkdir -p "$root"/{state/lists/partial,cache/archives/partial}
    if [ "$architecture" != amd64 ]; then
        : > "$root/status"
        apt_options+=(-o "Dir::State=$root/state" -o "Dir::State::status=$root/status" -o "APT::Architectures=$architecture")
    fi
    if [ "$suite" = host ]; then
        apt_options+=(-o "APT::Architecture=$architecture")
        apt_options+=(-o "Dir::State::Lists=$root/state/lists" -o "Dir::Cache=$root/cache")
        return 0
    fi
    mirror=$(debian_mirror)
    # A security suite is on the same host, in an archive of its own.
    case $suite in *-security) mirror=${mirror%/}-security ;; esac
    mkdir -p "$root"/etc/{sources.list.d,preferences.d}
    echo "deb [signed-by=$debian_keyring] $mirror $suite main" > "$root/etc/sources.list"
    : > "$root/status"
    for option in "Dir::Etc=$root/etc" "Dir::Etc::sourcelist=$root/etc/sources.list" \
        "Dir::Etc::sourceparts=$root/etc/sources.list.d" "Dir::State=$root/state" "Dir::Cache=$root/cache" \
        "Dir::State::status=$root/status" "APT::Architecture=$architecture" \
        Acquire::Check-Valid-Until=false Acquire::Languages=none; do
        apt_options+=(-o "$option")
    done
}

# apt_update SUITE: fetches the lists of SUITE (after use_suite) when there are none, or when they are a day old.
apt_update() {
    local suite=$1 stamp=$apt_root/updated
    [ -n "$(find "$stamp" -mtime -1 2>/dev/null)" ] && return 0
    say "fetching the package lists of $suite"
    retry timeout 600 apt-get -q "${apt_options[@]}" update >&2 ||
        { [ "$suite" = host ] || die "no package lists for $suite"; say "going on with the lists that did come"; }
    touch "$stamp"
}

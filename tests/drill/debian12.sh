#!/usr/bin/env bash
# Proves that a make target works as the first command in a fresh clone of HEAD on a bare Debian 12, which has git,
# make and Python and nothing else, and says how long it took. Needs root and Debian's package debootstrap.
#
#   tests/drill/debian12.sh [install|run|test|check|bench|drill|sudo|unprivileged]...
#
# Each target gets a bare system of its own. `sudo` is `make test` by somebody who may use sudo, of the tests of the
# servers that tests start; `unprivileged` is `make run` by somebody who may not: one line says what to install, and
# once that is there it goes on.
# ARGS in the environment are make's: ARGS=tests/browser tests/drill/debian12.sh test
set -euo pipefail

repository=$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)
base=/var/tmp/checkin-debian12.tar # Kept for the next time: remove it to begin with a newer Debian.
log=/var/tmp/checkin-debian12.log
work=$(mktemp -d /var/tmp/checkin-debian12.XXXXXX)
system=$work/system
trap 'rm -rf "$work"' EXIT

# What is passed on: how this machine reaches its package registries, where it doesn't reach them directly.
reach=(PIP_CERT PIP_INDEX_URL PIP_DEFAULT_TIMEOUT UV_DEFAULT_INDEX SSL_CERT_FILE NODE_EXTRA_CA_CERTS
  ARGS NPM_CONFIG_REGISTRY http_proxy https_proxy no_proxy)

main() {
  [ $# -gt 0 ] || set -- install run check sudo unprivileged
  [ -e "$base" ] || make_base
  for target; do
    rm -rf "$system"
    mkdir "$system"
    tar -xf "$base" -C "$system"
    case $target in
      sudo) as_sudoer ;;
      unprivileged) as_nobody_special ;;
      install | run | check)
        timed "$target" "bare"
        timed "$target" "fresh clone, packages and caches in place"
        timed "$target" "again"
        ;;
      *) timed "$target" "bare" ;;
    esac
  done
}

make_base() {
  debootstrap --variant=minbase --include=git,make,python3,ca-certificates bookworm "$system"
  local settings
  settings=$(grep -ls '^Acquire' /etc/apt/apt.conf.d/* || true)
  [ -z "$settings" ] || cp $settings "$system/etc/apt/apt.conf.d/"
  if grep -qs bookworm /etc/apt/sources.list.d/debian.sources; then
    cp /etc/apt/sources.list.d/debian.sources "$system/etc/apt/sources.list.d/"
    rm -f "$system/etc/apt/sources.list"
  fi
  cp /usr/local/share/ca-certificates/*.crt "$system/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$system" update-ca-certificates >/dev/null
  tar -cf "$base.partial" -C "$system" .
  mv "$base.partial" "$base"
}

clone() {
  rm -rf "$system/work"
  mkdir "$system/work"
  git clone --quiet "file://$repository" "$system/work/main"
  [ ! -d "$repository/../shared" ] || cp -r "$repository/../shared" "$system/work/shared"
}

# Run a command inside, as an account; what it starts ends with it.
inside() {
  local account=$1
  shift
  local settings=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8) name
  [ "$account" = root ] || settings[0]=HOME=/home/$account
  for name in "${reach[@]}"; do
    [ -z "${!name:-}" ] || settings+=("$name=${!name}")
  done
  cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
  # shellcheck disable=SC2016 # The inner shell expands these.
  unshare --mount --pid --fork --kill-child bash -euc '
    system=$1 account=$2
    shift 2
    mount -t proc proc "$system/proc"
    mount --rbind /dev "$system/dev"
    mount -t tmpfs shm "$system/dev/shm"
    exec chroot "$system" setpriv --reuid="$account" --regid="$account" --init-groups env -i --chdir=/work/main "$@"
  ' - "$system" "$account" "${settings[@]}" "$@" </dev/null
}

# `make run` serves until it is stopped: its time is that until the start page is there.
first_command() {
  local account=$1 target=$2
  if [ "$target" = run ]; then
    inside "$account" PORT="$(free_port)" python3 -c "$serve_once"
  else
    inside "$account" make "$target"
  fi
}

serve_once='
import os, signal, subprocess, sys, time, urllib.request
run = subprocess.Popen(["make", "run"], start_new_session=True)
page = None
while page is None and run.poll() is None:
    try:
        page = urllib.request.urlopen("http://127.0.0.1:" + os.environ["PORT"] + "/", timeout=5).read()
    except OSError:
        time.sleep(0.1)
if page is None:
    sys.exit(run.returncode or 1)
print("The start page has", len(page), "bytes.")
os.killpg(run.pid, signal.SIGTERM)
run.wait()
'

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

timed() {
  local target=$1 state=$2 started=$EPOCHREALTIME
  [ "$state" = "again" ] || clone
  if ! first_command root "$target" >"$log" 2>&1; then
    tail -n 40 "$log"
    verdict "$target" "$state" "$started" "FAILED, see $log:"
    return 1
  fi
  tail -n 3 "$log"
  verdict "$target" "$state" "$started" passed
}

verdict() {
  printf '== make %-12s %-45s %-7s %6.1f s\n' "$1" "$2" "$4" "$(awk "BEGIN { print $EPOCHREALTIME - $3 }")"
}

newcomer() {
  chroot "$system" useradd --create-home --shell /bin/bash newcomer
  clone
  chroot "$system" chown -R newcomer: /work
}

as_sudoer() {
  local started
  inside_as_is apt-get -qq update
  inside_as_is apt-get -qq install --yes --no-install-recommends sudo
  newcomer
  echo 'newcomer ALL=(ALL) NOPASSWD: ALL' >"$system/etc/sudoers.d/newcomer"
  started=$EPOCHREALTIME
  ARGS="-n 0 tests/test_servers.py" first_command newcomer test
  verdict test "of the servers, by somebody with sudo" "$started" passed
}

inside_as_is() {
  mkdir -p "$system/work/main"
  inside root DEBIAN_FRONTEND=noninteractive "$@" >/dev/null 2>&1
}

as_nobody_special() {
  local said started
  newcomer
  if said=$(inside newcomer make run 2>&1); then
    echo "make run went on without its system packages"
    return 1
  fi
  echo "$said"
  if [ "$(wc -l <<<"$said")" != 1 ]; then
    echo "It had to be one line."
    return 1
  fi
  inside root DEBIAN_FRONTEND=noninteractive sh -euc "$(sed -E 's/.*as root: (.*)\.  Stop\.$/\1 --yes/' <<<"$said")" >/dev/null 2>&1
  started=$EPOCHREALTIME
  first_command newcomer run
  verdict run "by somebody without root, packages in place" "$started" passed
}

main "$@"

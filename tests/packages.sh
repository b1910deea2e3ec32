#!/bin/sh
# See to the Debian packages that the sandbox and the tests need: install what is missing as root,
# say what is missing otherwise. Usage: packages.sh PYTHON
set -eu

PATH="$PATH:/usr/sbin"
missing=""

need() { # need PACKAGE COMMAND...: the package is missing if the command fails
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

need nginx-light command -v nginx
need apache2-bin command -v apache2
need pebble command -v pebble-challtestsrv
need certbot test -x /usr/bin/certbot # its 2.1 is tested beside the newest
need python3-zope.interface /usr/bin/python3 -c "import zope.interface" # for the same
need python3-dnspython /usr/bin/python3 -c "import dns" # for the same
need python3-venv "$1" -c "import ensurepip, venv"

[ -n "$missing" ] || exit 0
install="apt-get install --yes --no-install-recommends$missing"

if [ "$(id -u)" -ne 0 ]; then
    echo "Missing Debian packages; as root: apt-get update && $install" >&2
    exit 1
fi

# On a machine with systemd, nginx would be started on port 80 as soon as it is installed, and at
# each boot. We only want the program.
if [ -d /run/systemd/system ] && case $missing in *nginx*) ;; *) false ;; esac; then
    systemctl mask --quiet nginx.service
    trap 'systemctl unmask --quiet nginx.service; systemctl disable --quiet nginx.service' EXIT
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
$install --quiet=2 >/dev/null

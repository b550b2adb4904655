#!/usr/bin/env bash
# One node of the test cluster (docker-compose.yml): configures and starts Riak; then
# joins RIAK_JOIN, or as the first node waits for RIAK_MEMBERS nodes, commits the plan
# and makes the bucket types.  "node.sh healthy" tells whether all that is done.
set -euo pipefail

READY=/tmp/riak-test-ready
TYPES=(
    'siblings {"props":{"allow_mult":true}}'
    'nosiblings {"props":{"allow_mult":false}}'
    'lww {"props":{"last_write_wins":true,"allow_mult":false,"dvv_enabled":false}}'
    'maps {"props":{"datatype":"map"}}'
    'sets {"props":{"datatype":"set"}}'
    'counters {"props":{"datatype":"counter"}}'
    'hlls {"props":{"datatype":"hll"}}'
    'gsets {"props":{"datatype":"gset"}}'
    'writeonce {"props":{"write_once":true}}'
)

admin() {
    if command -v riak-admin >/dev/null; then riak-admin "$@"; else riak admin "$@"; fi
}

until_done() {  # until_done COMMAND...: try again every two seconds, for five minutes
    for _ in $(seq 150); do
        if "$@"; then return 0; fi
        sleep 2
    done
    echo "gave up: $*" >&2
    return 1
}

set_conf() {  # set_conf NAME VALUE: in place of the packaged value
    sed -i "/^[# ]*${1//./\\.} *=/d" /etc/riak/riak.conf
    echo "$1 = $2" >>/etc/riak/riak.conf
}

members() {
    test "$(admin member-status | grep -c "riak@riak[0-9]*\.cluster")" -ge "$RIAK_MEMBERS"
}

make_type() {  # a release without the data type (hll, gset) goes without
    admin bucket-type create "$1" "$2" || admin bucket-type status "$1" >/dev/null || return 0
    until_done admin bucket-type activate "$1"
}

if [ "${1:-}" = healthy ]; then
    test -e "$READY" && admin test
    exit
fi

rm -f "$READY"
set_conf nodename "riak@$RIAK_NODE"
set_conf distributed_cookie aioriak
set_conf listener.protobuf.internal 0.0.0.0:8087
set_conf listener.http.internal 127.0.0.1:8098
set_conf storage_backend leveldb
set_conf ring_size 8
printf '%s\n' "${RIAK_CONF:-}" >>/etc/riak/riak.conf

trap 'riak stop || true; exit 0' TERM INT
riak daemon >/dev/null 2>&1 || riak start &
until_done riak ping
until_done admin wait-for-service riak_kv "riak@$RIAK_NODE"

if [ -n "${RIAK_JOIN:-}" ]; then
    until_done admin cluster join "riak@$RIAK_JOIN"
    touch "$READY"
else
    until_done members
    admin cluster plan
    admin cluster commit
    for type in "${TYPES[@]}"; do
        make_type "${type%% *}" "${type#* }"
    done
    touch "$READY"
fi

while true; do
    sleep 5 &
    wait $!
done

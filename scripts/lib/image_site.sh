# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # sourced by scripts/test-image: image, check, run
# A site in two containers, as docs/how-to/container.md says it.

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
mqtt_port=$(free_port)
http_port=$(free_port)
name=frugal-test-$$
volumes=(-v "$name-state:/var/lib/frugal" -v "$name-socket:/run/frugal-broker" -v "$name-run:/run/frugal")

site_clean_up() {
    podman --runtime runc rm --force --time 1 "$name-broker" "$name-gateway" >/dev/null 2>&1 || true
    podman volume rm --force "$name-state" "$name-socket" "$name-run" >/dev/null 2>&1 || true
    clean_up
}
trap site_clean_up EXIT

healthy() {
    local waited
    for ((waited = 0; waited < 100; ++waited)); do
        if podman --runtime runc exec "$name-gateway" frugalctl health >/dev/null 2>&1; then return 0; fi
        sleep 0.2
    done
    podman logs "$name-broker" "$name-gateway" >&2 || true
    return 1
}

check "set-up" run --rm --network none "${volumes[@]}" --entrypoint frugalctl "$image" setup --name image-test \
    --mqtt-port "$mqtt_port" --mqtt-socket /run/frugal-broker/mqtt.sock --http-listen "127.0.0.1:$http_port" \
    --http-socket /run/frugal/api.sock --no-broker-signal >"$work/setup.log"
check "broker starts" run -d --network host --name "$name-broker" "${volumes[@]}" \
    --entrypoint /usr/share/frugal/container/broker "$image" >/dev/null
check "gateway starts" run -d --network host --name "$name-gateway" "${volumes[@]}" "$image" >/dev/null
check "gateway is healthy" healthy
check "no process is root" test -z "$(podman --runtime runc top "$name-gateway" huser 2>/dev/null | grep -x root)"

began=$(date +%s%N)
podman --runtime runc stop --time 10 "$name-gateway" >/dev/null
took_ms=$((($(date +%s%N) - began) / 1000000))
status=$(podman inspect --format '{{.State.ExitCode}}' "$name-gateway")
check "stops at SIGTERM with status 0 (was $status, $took_ms ms)" test "$status" = 0 -a "$took_ms" -lt 8000

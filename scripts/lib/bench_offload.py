# SPDX-License-Identifier: Apache-2.0
"""The offload part of scripts/bench: the door of the escalation desk, overload, and round trips."""

import concurrent.futures
import os
import statistics

from bench_figures import Figure, Skip, run_json

MODEL = os.path.join("device-sim", "models", "fashion-edge.tflite")
INPUT_BYTES = 784


def round_trip(context, root):
    """Through a real broker, gateway and edge model, beside the bare one in the same run."""
    site = context.site()
    program = context.binary("offload_load")
    if not os.access(program, os.X_OK):
        raise Skip("offload_load is not built")
    site.control("task", "define", "1", "load", "--labels", ",".join(f"c{i}" for i in range(10)))
    site.control("task", "set-edge-model", "1", os.path.join(root, MODEL))
    command = [program, "--site", "bench", "--broker", f"127.0.0.1:{site.mqtt_port}",
               "--ca", os.path.join(site.directory, "broker", "ca.pem"),
               "--est", f"https://127.0.0.1:{site.http_port}", "--claims", site.claims,
               "--state", os.path.join(site.folder, "devices"), "--devices", "16",
               "--socket", os.path.join(site.directory, "run", "mqtt.sock"),
               "--gateway-pid", str(site.gateway.child.pid), "--input-bytes", str(INPUT_BYTES)]
    # The desk's moving average, looked at all along: its quantiles are exact to a ninth only, which
    # is more than what is measured here.
    times = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        load = pool.submit(run_json, command, 120)
        while not concurrent.futures.wait([load], timeout=0.2).done:
            times += [one["service_us"] for one in site.control("escalation", "statistics")["service_times"]]
    trip = load.result()
    if not times:
        raise Skip("the gateway told no service time")
    trip["model_p50_us"] = statistics.median(times)
    trip["ratio"] = (trip["p50_us"] - trip["model_p50_us"]) / max(trip["bare_p50_us"], 1)
    return trip


def measure(context, root):
    program = context.binary("offload_bench")
    if not os.access(program, os.X_OK):
        raise Skip("offload_bench is not built")
    result = run_json([program], 120)
    trip = round_trip(context, root)
    result.update({"trip_" + name: value for name, value in trip.items()})
    return [
        Figure("admission at 5,000 escalations/s, p99", f"{result['admission_p99_us']:.1f} us",
               f"goal 50 us on a Pi 4; p50 {result['admission_p50_us']:.1f} us", result["admission_p99_us"] <= 50),
        Figure("  BUSY, p99", f"{result['busy_p99_us']:.1f} us", "goal 2,000 us", result["busy_p99_us"] <= 2000),
        Figure("at 3 times the load: admitted and in time", f"{result['overload_kept']:.3%}",
               f"goal 99 %; {result['overload_admitted']:,} of {result['overload_asked']:,} admitted",
               result["overload_kept"] >= 0.99),
        Figure("  tasks answered", f"{result['overload_tasks_answered']:.1%}",
               f"audits, which go first: {result['overload_audits_answered']:.1%}"),
        Figure("escalation round trip, p50", f"{trip['p50_us']:.0f} us",
               f"bare round trip, same broker and run: {trip['bare_p50_us']:.0f} us; model {trip['model_p50_us']:.0f} us"),
        Figure("  less the model, over the bare one", f"{trip['ratio']:.2f}",
               f"goal 1.20; p99 {trip['p99_us']:.0f} us, bare {trip['bare_p99_us']:.0f} us", trip["ratio"] <= 1.2),
        Figure("  answered", f"{trip['answered'] / max(trip['questions'], 1):.1%}",
               f"goal 99 %, else the times are those of a few; {trip['turned_away']} turned away",
               trip["answered"] >= 0.99 * trip["questions"]),
    ], result

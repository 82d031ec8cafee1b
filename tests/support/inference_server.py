#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An inference server for tests, written from the text of the Open Inference Protocol, version 2.

Independent of the client on purpose: it checks every request against the protocol and answers 400
with an error body where one breaks it. Listens on 127.0.0.1, port 0 by default, speaks TLS if it is
given a certificate and its key, and prints one line "port N" when it is ready. A model's name says how it behaves:

    digits      INT8 input [1, 4], FP32 probabilities of 3 classes: the largest input's index wins
    floats      the same with an FP32 input [-1, 4]
    slow        answers after 300 ms            hanging   never answers
    unready     /ready says 400                 broken    infer says 503 with an error body
    garbage     a body that is no JSON          html      an HTML error page with status 500
    shape       5 numbers for shape [1, 3]      sum       probabilities that add up to 2
    infinite    a probability of 1e400          other     answers another call's id
    name        another output's name           huge      a body of 200 kB
    cut         closes in the middle of a body  http      no HTTP at all
    twice       two inputs in its metadata      text      a BYTES input in its metadata
    closing     closes the connection after each answer without saying so
    dozen       12 classes, 3 in its metadata    pair      2 classes, 3 in its metadata
    wide        10 classes in its metadata

GET /log gives the requests seen as JSON: method, path, id, parameters.
"""
import argparse
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODELS = {"digits", "floats", "slow", "hanging", "unready", "broken", "garbage", "html", "shape", "sum", "infinite",
          "other", "name", "huge", "cut", "http", "twice", "text", "closing",
          "dozen", "pair", "wide"}
LOG = []
LOCK = threading.Lock()


def metadata(model):
    kind = {"floats": "FP32", "text": "BYTES"}.get(model, "INT8")
    shape = [-1, 4] if model == "floats" else [1, 4]
    inputs = [{"name": "image", "datatype": kind, "shape": shape}]
    if model == "twice":
        inputs.append({"name": "mask", "datatype": "INT8", "shape": [1, 4]})
    return {"name": model, "versions": ["1"], "platform": "test_python",
            "inputs": inputs,
            "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 10 if model == "wide" else 3]}]}


def check(model, request):
    """What is wrong with an inference request, or None."""
    if not isinstance(request, dict) or not isinstance(request.get("inputs"), list) or len(request["inputs"]) != 1:
        return "inputs must be a list of one tensor"
    wanted = metadata(model)["inputs"][0]
    tensor = request["inputs"][0]
    for key in ("name", "shape", "datatype", "data"):
        if key not in tensor:
            return f"the input has no {key}"
    if tensor["name"] != wanted["name"] or tensor["datatype"] != wanted["datatype"]:
        return f"unexpected input {tensor['name']} of {tensor['datatype']}"
    if tensor["shape"] != [1, 4] or len(tensor["data"]) != 4:
        return "unexpected shape for input 'image'"
    if tensor["datatype"] == "INT8" and not all(isinstance(n, int) and -128 <= n <= 127 for n in tensor["data"]):
        return "a number is no INT8"
    if not isinstance(request.get("id", ""), str):
        return "id must be a string"
    parameters = request.get("parameters", {})
    if not all(isinstance(value, (int, float, str, bool)) for value in parameters.values()):
        return "parameters must be plain values"
    return None


def answer(model, request):
    data = request["inputs"][0]["data"]
    winner = data[:3].index(max(data[:3]))
    scores = [0.05, 0.05, 0.05]
    scores[winner] = 0.9
    name, call, shape = "scores", request.get("id", ""), [1, 3]
    if model == "shape":
        scores += [0.0, 0.0]
    elif model == "dozen":
        scores, shape = [0.0] * 11 + [1.0], [1, 12]
    elif model == "pair":
        scores, shape = [0.0, 1.0], [1, 2]
    elif model == "sum":
        scores = [0.9, 0.9, 0.2]
    elif model == "name":
        name = "other"
    elif model == "other":
        call = "another"
    text = json.dumps({"model_name": model, "model_version": "1", "id": call,
                       "outputs": [{"name": name, "shape": shape, "datatype": "FP32", "data": scores}]})
    if model == "infinite":
        text = text.replace("0.9", "1e400")
    if model == "huge":
        text = text[:-1] + ', "padding": "' + "x" * 200_000 + '"}'
    return text


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reply(self, status, text, kind="application/json"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def error(self, status, text):
        self.reply(status, json.dumps({"error": text}))

    def note(self, request=None):
        request = request or {}
        with LOCK:
            LOG.append({"method": self.command, "path": self.path, "id": request.get("id"),
                        "parameters": request.get("parameters"), "authorization": self.headers.get("Authorization"),
                        "data": (request.get("inputs") or [{}])[0].get("data")})

    def model(self):
        parts = self.path.split("/")
        return parts[3] if len(parts) > 3 and parts[1:3] == ["v2", "models"] else None

    def do_GET(self):
        if self.path == "/log":
            with LOCK:
                self.reply(200, json.dumps(LOG))
            return
        self.note()
        if self.path in ("/v2/health/live", "/v2/health/ready"):
            self.reply(200, "{}")
            return
        if self.path == "/v2":
            self.reply(200, json.dumps({"name": "test", "version": "1", "extensions": []}))
            return
        model = self.model()
        if model not in MODELS:
            self.error(404, f"model {model} not found")
        elif self.path.endswith("/ready"):
            self.reply(400 if model == "unready" else 200, "")
        else:
            self.reply(200, json.dumps(metadata(model)))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        model = self.model()
        if model not in MODELS or not self.path.endswith("/infer"):
            self.error(404, f"model {model} not found")
            return
        try:
            request = json.loads(body)
        except ValueError:
            self.error(400, "the body is no JSON")
            return
        self.note(request)
        wrong = check(model, request)
        if wrong:
            self.error(400, wrong)
            return
        self.infer(model, request)

    def infer(self, model, request):
        if model == "hanging":
            time.sleep(30)
        elif model == "broken":
            self.error(503, "no instance of the model is available")
        elif model == "garbage":
            self.reply(200, "class 2, I think")
        elif model == "html":
            self.reply(500, "<html><body>Internal error</body></html>", "text/html")
        elif model == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"outputs\": [")
            self.wfile.flush()
            self.close_connection = True
        elif model == "http":
            self.wfile.write(b"\x00\x01\x02 nothing of the kind\r\n\r\n")
            self.wfile.flush()
            self.close_connection = True
        else:
            if model == "slow":
                time.sleep(0.3)
            self.reply(200, answer(model, request))
            if model == "closing":
                self.close_connection = True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate", help="PEM; with --key, speaks TLS")
    parser.add_argument("--key", help="PEM of the certificate's key")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        # The handshake happens with the first read, in the connection's own thread.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    print(f"port {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

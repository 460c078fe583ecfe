#!/usr/bin/env bash
# osc4py3 calls the handler of /label/speech for /label/speech_synthesizer too: a handler gets all addresses that begin with its own.
#
# Version: osc4py3 1.0.8, python-osc 1.10.2 (PyPI), Linux x86-64, 2026-12-01.
# Input:   OSC 1.0 messages with one float each, one a UDP datagram (made below), to five addresses without any wildcard. A handler for /label/speech and
#          one for /label/dog, registered with osc4py3's `osc_method` and with python-osc's `Dispatcher.map`.
# Seen:    the messages that reach a handler
#            osc4py3      speech: /label/speech, /label/speech_synthesizer
#                         dog: /label/dog, /label/dog_bark, /label/dog/2
#            python-osc   speech: /label/speech    dog: /label/dog
# Why:     osc4py3 rewrites the address as a regular expression and adds `.*` at its end. OSC 1.0 compares whole parts of an address.
# Who:     addresses made of labels. Of AudioSet's 527, in lower case with underscores, 41 begin another: a handler of "cat" also gets the values of
#          "Cattle, bovinae", one of "crow" those of "Crowd".
# Ours:    addresses of labels all differ, but one may begin another (plugin/src/osc_addresses.rs). With osc4py3, have the address passed
#          (OSCARG_ADDRESS), and compare it.
#
# Fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check osc4py3==1.0.8 python-osc==1.10.2
cd "$folder"
venv/bin/python - <<'PYTHON'
import socket
import sys
import time

from osc4py3 import oscmethod
from osc4py3.as_eventloop import osc_method, osc_process, osc_startup, osc_terminate, osc_udp_server
from pythonosc.dispatcher import Dispatcher

ADDRESSES = ["/label/speech", "/label/speech_synthesizer", "/label/dog", "/label/dog_bark", "/label/dog/2"]


def message(address):
    text = address.encode() + b"\0"
    return text + bytes(-len(text) % 4) + b",f\0\0" + b"\x3f\0\0\0"


def handler(seen, name):
    return lambda address, value: seen[name].append(address)


seen = {"speech": [], "dog": []}
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
osc_startup()
osc_udp_server("127.0.0.1", port, "receiver")
scheme = oscmethod.OSCARG_ADDRESS + oscmethod.OSCARG_DATAUNPACK
for name in seen:
    osc_method(f"/label/{name}", handler(seen, name), argscheme=scheme)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    for address in ADDRESSES:
        sender.sendto(message(address), ("127.0.0.1", port))
        for _ in range(10):
            osc_process()
            time.sleep(0.02)
osc_terminate()
print("osc4py3:", seen)
same = seen == {"speech": ADDRESSES[:2], "dog": ADDRESSES[2:]}

seen = {"speech": [], "dog": []}
dispatcher = Dispatcher()
for name in seen:
    dispatcher.map(f"/label/{name}", handler(seen, name))
for address in ADDRESSES:
    dispatcher.call_handlers_for_packet(message(address), ("127.0.0.1", 1))
print("python-osc:", seen)
same &= seen == {"speech": ADDRESSES[:1], "dog": ADDRESSES[2:3]}
sys.exit(0 if same else "this behaviour has changed")
PYTHON

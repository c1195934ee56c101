#!/usr/bin/env python3
"""Sends pictures to a running petite serve from several clients, one picture per request, and prints the
requests per second and how long they took.

usage: scripts/speed/serve_load.py ADDRESS DIR [--clients N] [--seconds S] [--query QUERY]

ADDRESS is what petite serve prints first, and DIR a folder of JPEGs, also in folders. Each client keeps
its connection and sends the next picture once it has an answer, from memory. Clients and server share
the machine's cores if both run on it. Needs no packages.
"""

import argparse
import collections
import http.client
import itertools
import pathlib
import socket
import threading
import time
import urllib.parse

WARM_UP = 2.0


def client(host, query, pictures, until, times, statuses):
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for picture in pictures:
        begun = time.perf_counter()
        if begun >= until:
            return
        connection.request("POST", f"/predict{query}", picture, {"Content-Type": "image/jpeg"})
        answer = connection.getresponse()
        answer.read()
        times.append((begun, time.perf_counter() - begun))
        statuses[answer.status] += 1


def percentile(ordered, share):
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("address")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--query", default="")
    arguments = parser.parse_args()
    pictures = [path.read_bytes() for path in sorted(arguments.folder.rglob("*.jpg"))]
    if not pictures:
        parser.error(f"expected JPEGs in {arguments.folder}, found none")
    host = urllib.parse.urlsplit(arguments.address).netloc
    times, statuses = [], collections.Counter()
    start = time.perf_counter()
    until = start + WARM_UP + arguments.seconds
    threads = []
    for number in range(arguments.clients):
        first = number * len(pictures) // arguments.clients
        own = itertools.cycle(pictures[first:] + pictures[:first])
        given = (host, arguments.query, own, until, times, statuses)
        threads.append(threading.Thread(target=client, args=given))
        threads[-1].start()
    for thread in threads:
        thread.join()
    counted = sorted(took for begun, took in times if begun >= start + WARM_UP)
    rate = len(counted) / arguments.seconds
    shares = "  ".join(f"p{n} {1000 * percentile(counted, n / 100):.1f} ms" for n in (50, 95, 99))
    told = ", ".join(f"{count} of status {status}" for status, count in sorted(statuses.items()))
    print(f"{arguments.clients} clients  {rate:.0f} requests/s  {shares}  ({told})")


if __name__ == "__main__":
    main()

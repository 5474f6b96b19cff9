#!/usr/bin/env python3
"""A consumer behind `outbox-relay consume`, which reads Kafka, drops duplicates and commits:

  outbox-relay consume --bootstrap-servers B --topic orders --group billing --dir D \\
      --exec 'python3 examples/consume.py'

Each line of standard input is a message; each is answered by one line on standard output, in order:
`ok` when its work is done and will stay done, or `fail TEXT` to have it tried again. Whatever else
is to be said goes to standard error. The end of input is the time to end.
"""

import json
import sys

totals = {}


def handle(message):
    order = json.loads(message["value"])
    totals[message["key"]] = totals.get(message["key"], 0) + order["total"]
    print(f"{message['key']}: {totals[message['key']]} in all", file=sys.stderr)


def main():
    for line in sys.stdin:
        message = json.loads(line)
        try:
            handle(message)
        except (KeyError, TypeError, ValueError) as error:
            print(f"fail offset {message['offset']}: {error!r}".replace("\n", " "), flush=True)
        else:
            print("ok", flush=True)


if __name__ == "__main__":
    main()

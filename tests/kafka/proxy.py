"""A TCP proxy in front of each broker that knows Kafka's frames, and so can strike at one request."""

import asyncio
import contextlib
import multiprocessing
import threading

from rig import check

PRODUCE = 0


class Proxies:
    """Relays all connections, with the trouble of the moment. For use in a with block. In a process
    of its own: the clients of a test would hold up its network."""

    def __init__(self, ports):
        """`ports`: (where to listen, where the broker listens), one pair a broker."""
        self.bootstrap = ",".join(f"127.0.0.1:{listen}" for listen, _ in ports)
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(ports, theirs), daemon=True)

    def __enter__(self):
        self._process.start()
        self._answer()
        return self

    def __exit__(self, *_):
        self._pipe.send(None)
        self._process.join(20)
        check(self._process.exitcode == 0, f"the proxies ended with {self._process.exitcode}")

    def calm(self):
        """No trouble any more; what was held goes on."""
        self._ask("calm")

    def delay(self, seconds):
        """Each frame, either way, arrives that much later. Bandwidth stays."""
        self._ask("delay", seconds)

    def cut_after_request(self, times):
        """The next produce requests reach their brokers; the connection ends instead of the answer."""
        self._ask("cut_after_request", times)

    def hold(self, way):
        """"requests" or "responses" come to nobody; the other way stays open."""
        self._ask("hold", way)

    @property
    def frames(self):
        """How many came through: requests, responses."""
        return self._ask("counted")[0]

    @property
    def cuts(self):
        return self._ask("counted")[1]

    def _ask(self, what, *arguments):
        self._pipe.send((what, arguments))
        return self._answer()

    def _answer(self):
        check(self._pipe.poll(20), "the proxies do not answer")
        return self._pipe.recv()


def _serve(ports, pipe):
    with _Network(ports) as network:
        pipe.send(None)
        while (call := pipe.recv()) is not None:
            what, arguments = call
            pipe.send(getattr(network, what)(*arguments))


class _Network:
    """The process's side: a thread that relays, another one that is told what to do."""

    def __init__(self, ports):
        self.frames = {"requests": 0, "responses": 0}
        self.cuts = 0
        self._ports = ports
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open = {"requests": asyncio.Event(), "responses": asyncio.Event()}
        self._connections = set()
        self.calm()

    def __enter__(self):
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        check(not self._thread.is_alive(), "the proxies do not end")
        self._loop.close()

    def calm(self):
        self._delay_s = 0.0
        self._cuts_left = 0
        for way in self._open.values():
            self._tell(way.set)

    def delay(self, seconds):
        self._delay_s = seconds

    def cut_after_request(self, times):
        self._cuts_left = times

    def hold(self, way):
        self._tell(self._open[way].clear)

    def counted(self):
        return self.frames, self.cuts

    def _tell(self, what):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(what)
        else:
            what()

    async def _listen(self):
        self._servers = [await asyncio.start_server(self._serve(broker), "127.0.0.1", listen)
                         for listen, broker in self._ports]

    async def _end(self):
        for server in self._servers:
            server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _serve(self, broker):
        async def connected(reader, writer):
            self._connections.add(asyncio.current_task())
            try:
                await self._connection(broker, reader, writer)
            except asyncio.CancelledError:
                pass
            finally:
                writer.close()
                self._connections.discard(asyncio.current_task())
        return connected

    async def _connection(self, broker, reader, writer):
        try:
            from_broker, to_broker = await asyncio.open_connection("127.0.0.1", broker)
        except OSError:
            return
        doomed = set()  # correlation ids of requests whose answer is not to arrive
        ways = [asyncio.ensure_future(self._pass("requests", reader, to_broker, doomed)),
                asyncio.ensure_future(self._pass("responses", from_broker, writer, doomed))]
        try:
            # A client that gives up takes nothing back: what is held of it still arrives, later.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            to_broker.close()
            # Whoever ended the connection: those answers are lost.
            self.cuts += len(doomed)

    async def _pass(self, way, source, sink, doomed):
        """Ends when either side does, or when the connection is to be cut."""
        queue = asyncio.Queue()
        reading = asyncio.ensure_future(self._read(source, queue))
        with contextlib.suppress(OSError):
            try:
                while (item := await queue.get()) is not None:
                    due_s, frame = item
                    await asyncio.sleep(due_s - self._loop.time())
                    await self._open[way].wait()
                    if self._cuts(way, frame, doomed):
                        return
                    self.frames[way] += 1
                    sink.write(frame)
                    await sink.drain()
            finally:
                reading.cancel()

    async def _read(self, source, queue):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                size = await source.readexactly(4)
                frame = size + await source.readexactly(int.from_bytes(size, "big"))
                queue.put_nowait((self._loop.time() + self._delay_s, frame))
        queue.put_nowait(None)

    def _cuts(self, way, frame, doomed):
        """Marks a request, or ends the connection in place of a marked one's answer."""
        if way == "responses":
            return frame[4:8] in doomed
        if self._cuts_left > 0 and int.from_bytes(frame[4:6], "big") == PRODUCE:
            self._cuts_left -= 1
            doomed.add(frame[8:12])
        return False

"""A node of the bus in Python, with redis-py alone, as docs/reference/rpc-protocol.md has it. Redis is at REDIS_URL.
omnibus.py publish TOPIC JSON | subscribe GLOB | nodes | call METHOD PARAMS | broadcast METHOD PARAMS | serve SERVICE
"subscribe" and "serve" (echo(text), sum(numbers), val()) go on until standard input ends."""
import collections, inspect, json, os, queue, random, secrets, select, sys, threading, time, redis

NODE = "python-" + secrets.token_hex(6)
INBOX, LEASE = "bus:inbox:" + NODE, "bus:node:{bus:nodes}:" + NODE
INDEX, CHANGES, VERSION = "bus:nodes", "bus:nodes:changes:{bus:nodes}", "bus:nodes:version:{bus:nodes}"
db = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"))

def listen(handler, names, pattern=False):  # returns when Redis has confirmed every name
    sub, confirmed = db.pubsub(), threading.Semaphore(0)
    (sub.psubscribe if pattern else sub.subscribe)(*names)
    def run():
        for got in sub.listen():
            if got["type"] not in ("message", "pmessage"):
                confirmed.release()
                continue
            try:
                frame = json.loads(got["data"])  # one message, or an array of them
                for message in frame if isinstance(frame, list) else [frame]: handler(got["channel"].decode(), message)
            except Exception as bad:  # whoever sent it, the next one is served
                print("dropped:", repr(bad), file=sys.stderr)
    threading.Thread(target=run, daemon=True).start()
    all(confirmed.acquire(timeout=10) for _ in names)

def send(channel, message):
    db.publish(channel, json.dumps(message))

def publish(topic, data):
    send("bus:evt:" + topic, {"specversion": "1.0", "id": secrets.token_hex(8), "source": "/nodes/" + NODE,
                              "type": "Example", "subject": topic, "data": data})

def nodes():
    return [json.loads(manifest) for manifest in map(db.get, db.zrange(INDEX, 0, -1)) if manifest]

def ask(channel, method, params, seconds=20):  # (node, result, error) of everybody who has received it
    asked, answers = secrets.token_hex(8), queue.Queue()
    listen(lambda _, answer: answer.get("id") == asked and answers.put(answer), [INBOX])
    count, end = db.pubsub_numsub(channel)[0][1], time.monotonic() + seconds
    send(channel, {"jsonrpc": "2.0", "id": asked, "method": method, "params": params,
                   "meta": {"from": NODE, "replyTo": INBOX, "ttl": seconds * 1000}})
    for _ in range(count):
        answer = answers.get(timeout=max(0.001, end - time.monotonic()))
        yield answer["meta"]["from"], answer.get("result"), answer.get("error")

def call(method, params):
    service, name = method.rsplit(".", 1)
    serving = [n["node"] for n in nodes() if name in n["services"].get(service, []) and not n.get("draining")]
    if not serving: sys.exit("nobody serves " + method)
    return next(ask(f"bus:rpc:{method}@{random.choice(serving)}", method, params))

def serve(service, methods):
    known = collections.deque(maxlen=10000)  # what was asked, and by whom
    def outcome(method, params, ttl):
        if ttl <= 0: return {"error": {"code": -32001, "message": "the deadline has passed"}}
        error = {"code": -32602, "message": "the arguments do not fit"}
        try:
            names = list(inspect.signature(method).parameters)
            args = params if isinstance(params, list) else [params[name] for name in names]
            if len(args) == len(names):
                error = {"code": -32603, "message": "internal error"}
                return {"result": method(*args)}
        except Exception as bad: print("failed:", repr(bad), file=sys.stderr)  # the caller is told no more than the error
        return {"error": error}
    def handle(_, asked):
        meta, id = asked.get("meta", {}), asked.get("id")
        if id is None or (meta.get("from"), id) in known: return  # a notification, such as a cancel; or asked already
        if meta.get("from"): known.append((meta["from"], id))
        result = outcome(methods[asked["method"].rsplit(".", 1)[1]], asked.get("params", []), meta.get("ttl", 30000))
        send(meta["replyTo"], {"jsonrpc": "2.0", "id": id, "meta": {"from": NODE}, **result})
    def say(word): send("bus:presence", {"jsonrpc": "2.0", "method": "$/" + word, "params": manifest})
    def renew(new=False):
        pipe = db.pipeline().psetex(LEASE, 2100, json.dumps(manifest)).zadd(INDEX, {LEASE: 0}, nx=True)
        if new or not db.zscore(INDEX, LEASE): pipe.zadd(CHANGES, {LEASE: 0}).incr(VERSION)
        pipe.pexpire(INDEX, 12100).pexpire(CHANGES, 12100).pexpire(VERSION, 12100).execute()
    manifest = {"node": NODE, "revision": 1, "services": {service: list(methods)}}
    listen(handle, [f"bus:rpc:{service}.{name}{at}" for name in methods for at in ("", "@" + NODE)])
    renew(new=True)
    say("joined")
    print("ready", NODE, flush=True)
    while not select.select([sys.stdin], [], [], 1)[0]: renew()  # until it ends
    db.pipeline().delete(LEASE).zrem(INDEX, LEASE).zrem(CHANGES, LEASE).zadd(CHANGES, {"": 0}).incr(VERSION).execute()
    say("left")

verb, *rest = sys.argv[1:]
if verb == "subscribe":
    listen(lambda channel, event: event["type"] == "dev.omnibus.mark" or  # which is no event, but tells their number
           print(channel, json.dumps(event["data"]), flush=True), ["bus:evt:" + rest[0]], pattern=True)
    print("ready", flush=True)
    sys.stdin.read()
elif verb == "serve":
    serve(rest[0], {"echo": lambda text: text, "sum": lambda numbers: sum(numbers), "val": lambda: 0})
elif verb == "publish": publish(rest[0], json.loads(rest[1]))
elif verb == "nodes": print(*[node["node"] for node in nodes()], sep="\n")
else:
    asked = rest[0], json.loads(rest[1])
    for node, result, error in [call(*asked)] if verb == "call" else ask("bus:rpc:" + rest[0], *asked):
        print(node, json.dumps(error or result), flush=True)

# Prints what the client of docs/SIGNALS.md returns for the pairs on its standard input. Its arguments are addresses of
# Redis, of which several are a cluster.
import json
import sys

import redis
from redis.cluster import ClusterNode, RedisCluster

from client import product

addrs = [addr.split(":") for addr in sys.argv[1:]]
if len(addrs) == 1:
    db = redis.Redis(addrs[0][0], int(addrs[0][1]), decode_responses=True)
else:
    db = RedisCluster(startup_nodes=[ClusterNode(host, int(port)) for host, port in addrs], decode_responses=True)
pages = [product(db, *pair) for pair in json.load(sys.stdin)]
for page in pages:
    page["highDemand"] = page.pop("high_demand")
print(json.dumps(pages))

// Prints what the client of docs/SIGNALS.md returns for the pairs on its standard input. Its arguments are addresses of
// Redis, of which several are a cluster.
import { json } from 'node:stream/consumers'
import { createClient, createCluster } from 'redis'
import { product } from './client.ts'

const urls = process.argv.slice(2).map(addr => ({ url: `redis://${addr}` }))
const pairs = await json(process.stdin) as [string, string][]
const db = await (urls.length === 1 ? createClient(urls[0]) : createCluster({ rootNodes: urls })).connect()
console.log(JSON.stringify(await Promise.all(pairs.map(pair => product(db, ...pair)))))
db.destroy()

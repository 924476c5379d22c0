// Makes one empty call after the other over a warm channel: `node unary.ts ADDRESS SECONDS`. A gateway in front of gRPC can't be faster.
import { Client, credentials } from '@grpc/grpc-js'
import { percentiles, printFigures } from './figures.ts'

const [address = '', seconds = ''] = process.argv.slice(2)
const client = new Client(address, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 })
const nothing = Buffer.alloc(0)
const asIs = (bytes: Buffer) => bytes

function call(): Promise<void> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest('/bare.Calls/Empty', asIs, asIs, nothing, (error) => (error ? reject(error) : resolve()))
  })
}

const latenciesMs: number[] = []
await call()
const endsAt = performance.now() + Number(seconds) * 1000
while (performance.now() < endsAt) {
  const askedAt = performance.now()
  await call()
  latenciesMs.push(performance.now() - askedAt)
}
client.close()
printFigures({
  per_second: latenciesMs.length / Number(seconds),
  ...percentiles(latenciesMs),
  answered: latenciesMs.length,
  failed: 0,
})

// A process that fetches what it is told to and ends. Prints the milliseconds from its start to the last answer.
import { Agent, request } from 'undici'

const { host, requests, connections } = JSON.parse(process.argv[2])
const dispatcher = new Agent({ connections })
await Promise.all(
  requests.map(async ({ path, headers }) => {
    const { statusCode, body } = await request(`http://${host}${path}`, { dispatcher, headers })
    await body.arrayBuffer()
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`)
  }),
)
console.log(performance.now())
process.exit()

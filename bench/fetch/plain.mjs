// A process that fetches what it is told to and ends. Prints the milliseconds from its start to the last answer.
import { Agent, request } from 'undici'

const { host, paths, connections, accept } = JSON.parse(process.argv[2])
const dispatcher = new Agent({ connections })
await Promise.all(
  paths.map(async path => {
    const { statusCode, body } = await request(`http://${host}${path}`, { dispatcher, headers: { accept } })
    await body.arrayBuffer()
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`)
  }),
)
console.log(performance.now())
process.exit()

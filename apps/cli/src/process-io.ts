import { CliError } from './error.ts'
import type { IO, Sink } from './io.ts'

/** The process itself; the first SIGINT or SIGTERM aborts, the second one kills. */
export function processIO(): IO {
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interrupted.abort(new CliError('interrupted', `stopped by ${name}`)))
  }
  return {
    stdout: sink(process.stdout),
    stderr: sink(process.stderr),
    env: process.env,
    cwd: process.cwd(),
    signal: interrupted.signal,
    async readStdin({ maxBytes }) {
      const chunks: Buffer[] = []
      let length = 0
      for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
        chunks.push(chunk)
        length += chunk.length
        if (length > maxBytes)
          throw new CliError('unreadable_file', `reading standard input: larger than ${maxBytes} bytes`)
      }
      return Buffer.concat(chunks)
    },
  }
}

function sink(stream: NodeJS.WriteStream): Sink {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // whoever read our output has closed it (`| head`): that is no failure of ours, but no verdict either
    if (error.code !== 'EPIPE') throw error
    process.exit(EPIPE_EXIT_CODE)
  })
  return { write: text => void stream.write(text), isTTY: stream.isTTY }
}

const EPIPE_EXIT_CODE = 2

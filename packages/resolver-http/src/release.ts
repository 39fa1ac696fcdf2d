import { MessageChannel } from 'node:worker_threads'

/** Gives the memory of a part back; the part is empty afterwards. */
export type Release = (part: Uint8Array) => void

/**
 * Sockets yield each part in memory of its own. Left to garbage collection, tens of megabytes pile up before V8 looks at them,
 * so parts are given back as soon as they are hashed. A part that shares its memory with others is left alone.
 */
export function createRelease(): Release {
  let drop: ((memory: ArrayBuffer) => void) | undefined
  return ({ buffer, byteLength }) => {
    if (!(buffer instanceof ArrayBuffer) || byteLength === 0 || byteLength !== buffer.byteLength) return
    drop ??= isTransferable(buffer) ? memory => void (memory as Transferable).transfer(0) : dropByClosedPort()
    drop(buffer)
  }
}

/** Since Node 21. */
interface Transferable extends ArrayBuffer {
  transfer(length: number): ArrayBuffer
}

function isTransferable(buffer: ArrayBuffer): buffer is Transferable {
  return 'transfer' in buffer
}

/** What is sent where nobody listens any more is freed at once. */
function dropByClosedPort(): (memory: ArrayBuffer) => void {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  return memory => port1.postMessage(null, [memory])
}

import { describe, expect, it } from 'vitest'
import { createRelease } from './release.ts'

describe('release', () => {
  it('gives back the memory of a part at once', async () => {
    const release = createRelease()
    release(new Uint8Array(1))
    // a port takes a turn of the event loop to close
    await new Promise(resolve => setTimeout(resolve, 20))
    const before = process.memoryUsage().arrayBuffers
    for (let index = 0; index < 512; index++) release(new Uint8Array(1024 ** 2))
    // without it, this many parts are never collected between two turns of this loop
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 ** 2)
  })

  it('leaves a part alone that shares its memory with others', () => {
    const release = createRelease()
    const memory = Buffer.from(new Uint8Array([1, 2, 3, 4]).buffer)
    release(memory.subarray(0, 2))
    release(memory.subarray(2))
    expect([...memory]).toEqual([1, 2, 3, 4])
  })

  it('takes a part of no bytes, and one that it was given before', () => {
    const release = createRelease()
    const part = new Uint8Array(8)
    for (const each of [new Uint8Array(), part, part]) release(each)
    expect(part.byteLength).toBe(0)
  })
})

import type { Input, Path } from '@source-policy/core'

/** Thrown where a policy reads what is not known. Catching it does not help: the read was recorded. */
export class UnknownRead extends Error {
  constructor() {
    super('this field of the input is not known yet')
    this.name = 'UnknownRead'
  }
}

interface HoleTree {
  readonly isHole: boolean
  readonly members: Map<string, HoleTree>
}

export interface TrackedInput {
  /** Reads like the input, is read-only, and throws `UnknownRead` at its holes. */
  readonly input: Input
  /** The path of an object that was read from the input; undefined for anything else. */
  pathOf(value: unknown): Path | undefined
}

/**
 * The input behind proxies that record each read of a hole. Listing the members of an object reads those members that
 * are holes; holding or passing an object on reads nothing.
 */
export function trackInput(input: Input, unknown: readonly Path[], onRead: (path: Path) => void): TrackedInput {
  const paths = new WeakMap<object, Path>()

  const blocked = (path: Path): never => {
    onRead(path)
    throw new UnknownRead()
  }

  const track = (value: unknown, path: Path, holes: HoleTree | undefined): unknown => {
    if (holes?.isHole) return blocked(path)
    if (typeof value !== 'object' || value === null) return value
    const cache = new Map<string, unknown>()
    const isArray = Array.isArray(value)

    const read = (target: object, key: string) => {
      const hole = holes?.members.get(key)
      if (hole === undefined && !Object.hasOwn(target, key)) return undefined
      const known = cache.get(key)
      if (known !== undefined) return known
      const part = isArray && /^\d+$/.test(key) ? Number(key) : key
      const member = track((target as Record<string, unknown>)[key], [...path, part], hole)
      cache.set(key, member)
      return member
    }
    const readHoles = () => {
      for (const [key, hole] of holes?.members ?? []) if (hole.isHole) blocked([...path, key])
    }

    const proxy = new Proxy(value, {
      get(target, key, receiver) {
        if (typeof key === 'symbol') return Reflect.get(target, key, receiver)
        // an object of the input has the members that it has: no `constructor`, no `toString`
        if (isArray && !Object.hasOwn(target, key) && !holes?.members.has(key))
          return Reflect.get(target, key, receiver)
        return read(target, key)
      },
      has(target, key) {
        return typeof key === 'string' ? read(target, key) !== undefined : Reflect.has(target, key)
      },
      ownKeys(target) {
        readHoles()
        return Reflect.ownKeys(target)
      },
      getOwnPropertyDescriptor(target, key) {
        const descriptor = Reflect.getOwnPropertyDescriptor(target, key)
        if (typeof key === 'symbol' || (isArray && key === 'length')) return descriptor
        const member = read(target, key)
        return descriptor && { value: member, configurable: true, enumerable: true, writable: true }
      },
      set: () => false,
      defineProperty: () => false,
      deleteProperty: () => false,
      setPrototypeOf: () => false,
      preventExtensions: () => false,
    })
    paths.set(proxy, path)
    return proxy
  }

  // its own copy: a proxy may not disguise the members of a frozen object
  const tracked = track(structuredClone(input), [], holeTree(unknown)) as Input
  return {
    input: tracked,
    pathOf: value => (typeof value === 'object' && value !== null ? paths.get(value) : undefined),
  }
}

function holeTree(unknown: readonly Path[]): HoleTree {
  const root: HoleTree = { isHole: false, members: new Map() }
  for (const path of unknown) {
    let tree = root
    for (const [index, part] of path.entries()) {
      const key = String(part)
      const next: HoleTree = tree.members.get(key) ?? { isHole: false, members: new Map() }
      const member = index === path.length - 1 ? { ...next, isHole: true } : next
      tree.members.set(key, member)
      tree = member
    }
  }
  return root
}

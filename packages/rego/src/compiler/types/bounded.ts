import { maxTypeDepth, maxTypeSize } from '../../limits.ts'
import { anything, type Type } from './type.ts'

interface Extent {
  /** Types in it, itself counted, those that are shared each time. */
  readonly size: number
  readonly depth: number
}

/** Extents of types, so that those that share parts are measured in the time that they took to write. */
export type Extents = WeakMap<Type, Extent>

/** The type, or `anything` when it is so large that work on it could take forever: `a1 := [a0, a0]` doubles each time. */
export function bounded(extents: Extents, type: Type): Type {
  const { size, depth } = extentOf(extents, type)
  return size > maxTypeSize || depth > maxTypeDepth ? anything : type
}

function extentOf(extents: Extents, type: Type): Extent {
  const known = extents.get(type)
  if (known !== undefined) return known
  let size = 1
  let depth = 0
  for (const part of partsOf(type)) {
    if (part === undefined) continue
    const extent = extentOf(extents, part)
    size += extent.size
    depth = Math.max(depth, extent.depth)
  }
  const found = { size, depth: depth + 1 }
  extents.set(type, found)
  return found
}

function partsOf(type: Type): readonly (Type | undefined)[] {
  switch (type.kind) {
    case 'array':
      return [...type.items, type.rest]
    case 'object':
      return [...type.properties.map(({ value }) => value), type.rest?.key, type.rest?.value]
    case 'set':
      return [type.of]
    case 'any':
      return type.of
    case 'function':
      return [...type.args, type.result, type.variadic]
    default:
      return []
  }
}
